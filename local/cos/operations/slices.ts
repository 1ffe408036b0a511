import type * as z from 'zod';
import type { UploadRecord } from '../disk/records.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import type { Content } from '../wire/content.ts';
import { listPartsJson } from '../wire/list-parts.ts';
import { type Context, countMissing, links, lockKey, sliceLength, uploadOf } from './context.ts';
import { readFields } from './fields.ts';
import { closeUpload } from './finish-slices.ts';
import { dataFields } from './slice-fields.ts';

/** `upload_slice_data`: stores one slice; sent again, it is stored again. */
export async function putSlice(context: Context, { address, form }: Call, damage: boolean): Promise<Answer> {
  const asked = readFields(dataFields, form.fields);
  const content = form.content;
  if (!content) throw new Refused(-5999, 'filecontent is missing');
  const stored = await context.lock.together(lockKey(address), async () => {
    const upload = uploadOf(context, address, asked.session);
    checkSlice(context, upload, asked, content);
    const md5 = await checkedMd5(content, asked.datamd5, damage);
    await context.store.slices(upload).take(asked.offset, content.landing);
    return { upload, md5 };
  });
  const closed = await closeIfWhole(context, stored.upload);
  if (closed && closed.code !== 0) return closed;
  return good({
    session: asked.session,
    ...numbers(context, asked.offset, content.length),
    datamd5: stored.md5,
    ...(stored.upload.older ? closed?.data : closed && { access_url: closed.data?.access_url }),
  });
}

/** `upload_slice_list`: the slices held of an unfinished upload, else the addresses of the finished file. */
export async function listSlices(context: Context, { address }: Call, lag: number): Promise<Answer> {
  return context.lock.together(lockKey(address), async () => {
    const upload = context.store.uploads.get(address.bucket, address.path);
    if (upload) return unfinished(context, upload, lag);
    const file = context.store.files.get(address.bucket, address.path);
    return file ? good(links(context, file)) : answerOf(-197);
  });
}

function checkSlice(
  context: Context,
  upload: UploadRecord,
  { offset, sha }: z.output<typeof dataFields>,
  content: Content,
): void {
  if (upload.sha !== undefined && sha === undefined && !upload.older) throw new Refused(-29094);
  if (upload.sha !== undefined && sha !== undefined && sha !== upload.sha)
    throw new Refused(-5999, 'sha is not the one of init');
  if (offset % upload.sliceSize !== 0 || offset >= upload.filesize) {
    throw new Refused(-5999, 'offset is not the start of a slice');
  }
  if (content.length !== sliceLength(upload, offset)) {
    throw new Refused(-5999, `the slice has ${content.length} bytes, not ${sliceLength(upload, offset)}`);
  }
  if (!upload.serial) return;
  const { held } = context.store.slices(upload);
  if (!held.has(offset) && offset !== held.size * upload.sliceSize) {
    throw new Refused(-5999, 'serial upload: this slice is not the next');
  }
}

async function checkedMd5(content: Content, promised: string | undefined, damage: boolean): Promise<string> {
  if (promised !== undefined && promised !== (await content.md5())) {
    throw new Refused(-5999, 'datamd5 does not match');
  }
  if (damage) await content.damage();
  return content.md5();
}

async function closeIfWhole(context: Context, upload: UploadRecord): Promise<Answer | undefined> {
  if (!(context.behaviour.closesItself || upload.older) || countMissing(context, upload) > 0)
    return undefined;
  return context.lock.alone(lockKey(upload), async () => {
    const current = context.store.uploads.get(upload.bucket, upload.path);
    return current?.session === upload.session ? closeUpload(context, upload, true) : undefined;
  });
}

function unfinished(context: Context, upload: UploadRecord, lag: number): Answer {
  const { listForm, shaSuffix, numbersAsStrings } = context.behaviour;
  const offsets = context.store.slices(upload).held.offsets(lag);
  const data = {
    session: upload.session,
    filesize: upload.filesize,
    slice_size: upload.sliceSize,
    ...(upload.sha && { sha: upload.sha + shaSuffix }),
    ...(upload.serial && { serial_upload: 1 }),
  };
  if (offsets.length === 0 && listForm === 'absent-when-empty') return good(data);
  if (offsets.length === 0 && listForm === 'null-when-empty') return good({ ...data, listparts: null });
  const { sliceSize, filesize } = upload;
  const json = listPartsJson({ offsets, sliceSize, filesize, numbersAsStrings });
  if (listForm === 'string') return good({ ...data, listparts: json.toString() });
  return { ...good(data), listparts: json };
}

const numbers = (context: Context, offset: number, datalen: number) =>
  context.behaviour.numbersAsStrings
    ? { offset: String(offset), datalen: String(datalen) }
    : { offset, datalen };
