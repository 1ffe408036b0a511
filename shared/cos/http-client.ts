import { CosRefused } from '../errors.ts';
import { type CallerParts, type CosCall, type CosReply, dataOf, openCaller, refusal } from './call.ts';
import type { CosClient } from './client.ts';
import { ANSWER } from './codes.ts';
import { frame } from './form.ts';
import { fileReply, folderReply, listReply, openReply, putReply, statReply, toLinks } from './replies.ts';
import type { CosTarget } from './target.ts';

/** The operations over HTTP, each one request. (COS v4 API, pages 436/6066 to 436/6074.) */
export function openHttpClient(parts: CallerParts): CosClient {
  const { call } = openCaller(parts);

  return {
    async open(target, request, signal) {
      const asked = post(target, 'upload_slice_init', {
        filesize: String(request.size),
        slice_size: String(request.sliceSize),
        insertOnly: request.insertOnly ? '1' : '0',
        ...(request.whole && { sha: request.whole.sha1, uploadparts: request.whole.uploadParts }),
      });
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.unfinished || reply.code === ANSWER.unfinishedOtherSha)
        return { kind: 'unfinished' };
      if (reply.code === ANSWER.fileExists) return { kind: 'exists' };
      if (reply.code === ANSWER.notFound) return { kind: 'no-directory' };
      if (reply.code === ANSWER.sliceSizeRefused) return { kind: 'slice-size-refused' };
      const data = good(asked, reply, openReply);
      if (!('slice_size' in data)) return { kind: 'stored', links: toLinks(data) };
      return {
        kind: 'session',
        session: data.session,
        sliceSize: data.slice_size,
        serial: data.serial_upload === 1,
      };
    },

    async list(target, signal) {
      const asked = post(target, 'upload_slice_list');
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.notFound) return { kind: 'none' };
      const data = good(asked, reply, listReply);
      if (!('slice_size' in data)) return { kind: 'finished', links: toLinks(data) };
      return {
        kind: 'unfinished',
        session: data.session,
        size: data.filesize,
        sliceSize: data.slice_size,
        ...(data.sha !== undefined && { sha1: data.sha }),
        held: data.listparts,
      };
    },

    async put(target, { session, offset, content, sha1 }, signal) {
      const fields = { session, offset: String(offset), ...(sha1 !== undefined && { sha: sha1 }) };
      const asked = post(target, 'upload_slice_data', fields, content);
      const reply = await call(asked, signal);
      if (reply.code === 0) {
        const { datamd5, ...links } = dataOf(asked, reply, putReply);
        const closed = links.access_url !== undefined;
        return { kind: 'held', closed, ...(datamd5 !== undefined && { md5: datamd5 }) };
      }
      return {
        kind: reply.code === ANSWER.otherSha ? 'wrong-sha' : 'refused',
        error: lastWord(asked, reply),
      };
    },

    async finish(target, { session, size, sha1 }, signal) {
      const fields = { session, filesize: String(size), ...(sha1 !== undefined && { sha: sha1 }) };
      const asked = post(target, 'upload_slice_finish', fields);
      const reply = await call(asked, signal);
      if (reply.code === 0) {
        const links = toLinks(dataOf(asked, reply, fileReply));
        return { kind: 'stored', links, requestId: reply.request_id };
      }
      if (reply.code === ANSWER.incomplete) return { kind: 'gap' };
      return {
        kind: reply.code === ANSWER.otherSha ? 'wrong-sha' : 'refused',
        error: lastWord(asked, reply),
      };
    },

    async upload(target, { content, insertOnly, sha1 }, signal) {
      const asked = post(target, 'upload', { sha: sha1, insertOnly: insertOnly ? '1' : '0' }, content);
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.unfinished || reply.code === ANSWER.unfinishedOtherSha)
        return { kind: 'unfinished' };
      if (reply.code === ANSWER.fileExists) return { kind: 'exists' };
      if (reply.code === ANSWER.notFound) return { kind: 'no-directory' };
      return { kind: 'stored', links: toLinks(good(asked, reply, fileReply)), requestId: reply.request_id };
    },

    async stat(target, signal) {
      const asked = { op: 'stat', target, signature: 'multi-effect' } as const;
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.notFound) return { kind: 'none' };
      const data = good(asked, reply, statReply);
      return {
        kind: 'file',
        size: data.filesize,
        received: data.filelen ?? data.filesize,
        ...(data.sha !== undefined && { sha1: data.sha }),
        ...(data.ctime !== undefined && { createdAt: data.ctime }),
        ...(data.mtime !== undefined && { modifiedAt: data.mtime }),
        ...(data.custom_headers && { headers: data.custom_headers }),
        links: toLinks(data),
        requestId: reply.request_id,
      };
    },

    async remove(target, signal) {
      const asked = { op: 'delete', target, signature: 'single-effect', body: { json: {} } } as const;
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.notFound) return { kind: 'none' };
      if (reply.code !== 0) throw refusal(asked, reply);
      return { kind: 'removed' };
    },

    async update(target, headers, signal) {
      const body = { json: { custom_headers: headers } };
      const asked = { op: 'update', target, signature: 'single-effect', body } as const;
      const reply = await call(asked, signal);
      return reply.code === 0 ? { kind: 'updated' } : { kind: 'refused', error: lastWord(asked, reply) };
    },

    async folder(target, after, signal) {
      const query = { num: String(FOLDER_PAGE), ...(after !== undefined && { context: after }) };
      const asked = { op: 'list', target, signature: 'multi-effect', query } as const;
      const reply = await call(asked, signal);
      if (reply.code === ANSWER.notFound) return { files: [], folders: [] };
      const { infos, context, listover } = good(asked, reply, folderReply);
      return {
        files: infos.flatMap(({ name, filesize: size, filelen }) =>
          size === undefined ? [] : [{ name, size, received: filelen ?? size }],
        ),
        folders: infos.flatMap(({ name, filesize }) =>
          filesize === undefined ? [name.endsWith('/') ? name : `${name}/`] : [],
        ),
        ...(!listover && context !== '' && { next: context }),
      };
    },

    async createDirectory(target, signal) {
      const body = { json: { biz_attr: '' } };
      const asked = { op: 'create', target, signature: 'multi-effect', body } as const;
      const reply = await call(asked, signal);
      if (reply.code !== 0 && reply.code !== ANSWER.directoryExists) throw refusal(asked, reply);
    },
  };
}

/** Entries of one page: at most so many (page 436/6070). */
const FOLDER_PAGE = 1_000;

const post = (
  target: CosTarget,
  op: string,
  fields: Record<string, string> = {},
  content?: Uint8Array,
): CosCall => ({
  op,
  target,
  signature: 'multi-effect',
  body: frame({ op, ...fields }, content),
});

function good<T>(asked: CosCall, reply: CosReply, schema: Parameters<typeof dataOf<T>>[2]): T {
  if (reply.code !== 0) throw refusal(asked, reply);
  return dataOf(asked, reply, schema);
}

/** The refusal of COS as a value; trouble that may pass is thrown. */
function lastWord(asked: CosCall, reply: CosReply): CosRefused {
  const error = refusal(asked, reply);
  if (error instanceof CosRefused) return error;
  throw error;
}
