import type { CosClient, Finished, Listed, Opened, PutRequest } from '../../../shared/cos/client.ts';
import { CosRefused, CosUnavailable } from '../../../shared/errors.ts';
import type { Content, Contents } from './contents.ts';
import * as rules from './cos-rules.ts';
import type { CosState } from './cos-state.ts';

/** What a request meets at COS beyond what it asked for. */
export type Quirk =
  | { readonly kind: 'forget' } // the upload of the path vanishes first
  | { readonly kind: 'code'; readonly code: number } // refused, nothing is done
  | { readonly kind: 'damaged' } // the slice is stored with other bytes
  | { readonly kind: 'wrong-md5' } // stored well, and echoed wrongly
  | { readonly kind: 'lag'; readonly slices: number }; // the list leaves out those stored last

type CosRequest = { readonly name: string; readonly path: string; readonly asked: unknown };

/** Brings a request to COS and its answer back; when, and whether, is for a scheduler to say. */
export type Perform = <T>(
  request: CosRequest,
  effect: (quirk?: Quirk) => T,
  signal: AbortSignal,
) => Promise<T>;

/** At once, and without trouble. */
const atOnce: Perform = async (_, effect, signal) => {
  signal.throwIfAborted();
  return effect();
};

const PASSES = new Set([-71, -195, -196, -5997]);

/** The contract of a COS client on a COS in memory; shares no code with the client or the endpoint. */
export function openCosModel(cos: CosState, contents: Contents, perform: Perform = atOnce): CosClient {
  /** One operation: `-4019` and its like are values for `answers`, anything else that is not 0 is thrown. */
  const call = <T, V>(
    [name, path, asked]: readonly [name: string, path: string, asked?: unknown],
    work: (quirk?: Quirk) => rules.Answer<T>,
    read: (answer: rules.Answer<T>, requestId: string) => V | undefined,
    signal: AbortSignal,
  ): Promise<V> =>
    perform(
      { name: `cos.${name}`, path, asked },
      (quirk) => {
        if (quirk?.kind === 'forget') cos.uploads.delete(path);
        const requestId = rules.nextRequestId(cos);
        const answer = quirk?.kind === 'code' ? { code: quirk.code } : work(quirk);
        const value = read(answer, requestId);
        if (value === undefined) throw failure(name, answer.code, requestId);
        return value;
      },
      signal,
    );
  const links = (path: string) => ({ accessUrl: `http://cos/${path}` });

  return {
    open: ({ path }, { size, sliceSize, insertOnly, whole }, signal) =>
      call(
        ['open', path, { size, sliceSize, insertOnly }],
        () => rules.init(cos, path, { size, sliceSize, insertOnly, ...(whole && { sha1: whole.sha1 }) }),
        ({ code, data }): Opened | undefined => {
          if (code === -4019 || code === -4020) return { kind: 'unfinished' };
          if (code === -177) return { kind: 'exists' };
          if (code === -197) return { kind: 'no-directory' };
          if (code === -284) return { kind: 'slice-size-refused' };
          if (code !== 0) return undefined;
          const { session, sliceSize: granted = 0 } = data ?? {};
          if (session === undefined) return { kind: 'stored', links: links(path) };
          return { kind: 'session', session, sliceSize: granted, serial: cos.behaviour.serial };
        },
        signal,
      ),
    list: ({ path }, signal) =>
      call(
        ['list', path],
        (quirk) => rules.good(listed(cos, path, quirk)),
        ({ code, data }) => (code === 0 ? data : code === -197 ? ({ kind: 'none' } as const) : undefined),
        signal,
      ),
    put({ path }, request, signal) {
      const kept = contents.keep(request.content); // the caller's memory is read into again when it stops waiting
      return call(
        ['put', path, { session: request.session, offset: request.offset }],
        (quirk) => {
          const arrived = quirk?.kind === 'damaged' ? contents.keep(damagedOf(kept.bytes)) : kept;
          return put(cos, { path, arrived }, request, quirk);
        },
        ({ code, data }, requestId) => {
          if (code === 0 && data) return { kind: 'held', ...data } as const;
          const error = failure('put', code, requestId);
          if (!(error instanceof CosRefused)) return undefined;
          return { kind: code === -4016 ? 'wrong-sha' : 'refused', error } as const;
        },
        signal,
      );
    },
    finish: ({ path }, request, signal) =>
      call(
        ['finish', path, request],
        () => rules.finish(cos, path, request),
        ({ code }, requestId): Finished | undefined => {
          if (code === 0) return { kind: 'stored', links: links(path), requestId };
          if (code === -175) return { kind: 'gap' };
          const error = failure('finish', code, requestId);
          if (!(error instanceof CosRefused)) return undefined;
          return { kind: code === -4016 ? 'wrong-sha' : 'refused', error };
        },
        signal,
      ),
    upload({ path }, { content, insertOnly, sha1 }, signal) {
      const kept = contents.keep(content);
      return call(
        ['upload', path, { size: content.length, insertOnly }],
        () => rules.upload(cos, path, { insertOnly, sha1 }, kept),
        ({ code }, requestId) => {
          if (code === 0) return { kind: 'stored', links: links(path), requestId } as const;
          if (code === -177) return { kind: 'exists' } as const;
          return code === -197 ? ({ kind: 'no-directory' } as const) : undefined;
        },
        signal,
      );
    },
    stat: ({ path }, signal) =>
      call(
        ['stat', path],
        () => (stated(cos, path) ? rules.good({}) : { code: -197 }),
        ({ code }, requestId) => {
          const state = stated(cos, path);
          if (code === 0 && state) return { kind: 'file', ...state, links: links(path), requestId } as const;
          return code === -197 ? ({ kind: 'none' } as const) : undefined;
        },
        signal,
      ),
    remove: ({ path }, signal) =>
      call(
        ['remove', path],
        () => rules.remove(cos, path),
        ({ code }) =>
          code === 0
            ? ({ kind: 'removed' } as const)
            : code === -197
              ? ({ kind: 'none' } as const)
              : undefined,
        signal,
      ),
    update: ({ path }, headers, signal) =>
      call(
        ['update', path, headers],
        () => rules.update(cos, path, headers),
        ({ code }, requestId) => {
          if (code === 0) return { kind: 'updated' } as const;
          const error = failure('update', code, requestId);
          return error instanceof CosRefused ? ({ kind: 'refused', error } as const) : undefined;
        },
        signal,
      ),
    folder: async () => {
      throw new Error('no transfer looks into directories');
    },
    createDirectory: async ({ path }, signal) => {
      await call(
        ['createDirectory', path],
        () => rules.createFolder(cos, path),
        ({ code }) => code === 0 || code === -178 || undefined,
        signal,
      );
    },
  };
}

function failure(name: string, code: number, requestId: string): CosRefused | CosUnavailable {
  const message = `COS answered ${code} to ${name} [request ${requestId}]`;
  const trace = { cosCode: code, requestId };
  return PASSES.has(code)
    ? new CosUnavailable(message, { ...trace, throttled: code === -71 })
    : new CosRefused(message, { ...trace, wayOut: 'see the model' });
}

function listed(cos: CosState, path: string, quirk: Quirk | undefined): Listed {
  const upload = cos.uploads.get(path);
  if (!upload) {
    return cos.files.has(path)
      ? { kind: 'finished', links: { accessUrl: `http://cos/${path}` } }
      : { kind: 'none' };
  }
  const { session, size, sliceSize, sha1, slices } = upload;
  const all = [...slices];
  const shown = quirk?.kind === 'lag' ? all.slice(0, Math.max(0, all.length - quirk.slices)) : all;
  const held = shown.map(([offset, { bytes }]) => ({ offset, length: bytes.length }));
  held.sort((a, b) => a.offset - b.offset);
  return { kind: 'unfinished', session, size, sliceSize, ...(sha1 !== undefined && { sha1 }), held };
}

function put(
  cos: CosState,
  { path, arrived }: { readonly path: string; readonly arrived: Content },
  { session, offset, sha1 }: PutRequest,
  quirk: Quirk | undefined,
): rules.Answer<{ md5?: string; closed: boolean }> {
  const answer = rules.data(cos, path, { session, offset, ...(sha1 !== undefined && { sha1 }) }, arrived);
  if (quirk?.kind !== 'wrong-md5' || answer.code !== 0 || !answer.data) return answer;
  return rules.good({ ...answer.data, md5: '0'.repeat(32) });
}

function damagedOf(content: Uint8Array): Uint8Array {
  const damaged = Buffer.from(content);
  damaged[0] = (damaged[0] ?? 0) ^ 0xff;
  return damaged;
}

/** What stat says: of the file, or of how far an unfinished upload has come. */
function stated(cos: CosState, path: string) {
  const file = cos.files.get(path);
  if (file) {
    const { size, sha1, createdAt, modifiedAt, headers } = file;
    return {
      size,
      received: size,
      createdAt,
      modifiedAt,
      ...(sha1 !== undefined && { sha1 }),
      headers: headers ?? {},
    };
  }
  const upload = cos.uploads.get(path);
  if (!upload) return undefined;
  const { size, sha1, openedAt, slices } = upload;
  const received = [...slices.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    size,
    received,
    createdAt: openedAt,
    modifiedAt: openedAt,
    ...(sha1 !== undefined && { sha1 }),
  };
}
