import { newFile, type UploadRecord } from '../disk/records.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { type Context, countMissing, links, lockKey, nowSeconds, uploadOf } from './context.ts';
import { readFields } from './fields.ts';
import { finishFields } from './slice-fields.ts';

/** `upload_slice_finish`: a whole upload becomes the file; anything else leaves session and slices alone. */
export async function finishSlices(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(finishFields, form.fields);
  return context.lock.alone(lockKey(address), async () => {
    const file = context.store.files.get(address.bucket, address.path);
    if (file && file.closedSession === asked.session) return good(links(context, file));
    const upload = uploadOf(context, address, asked.session);
    if (upload.sha !== undefined && asked.sha === undefined) throw new Refused(-29094);
    if (upload.sha !== undefined && asked.sha !== upload.sha) throw new Refused(-4016);
    if (asked.filesize !== upload.filesize) throw new Refused(-175, 'filesize is not the one of init');
    return closeUpload(context, upload, false);
  });
}

/** Only to be called alone on the path. The file is hashed only when init promised a sha. */
export async function closeUpload(
  context: Context,
  upload: UploadRecord,
  byItself: boolean,
): Promise<Answer> {
  const { store } = context;
  const { bucket, path, session, sha } = upload;
  const missing = countMissing(context, upload);
  if (missing > 0) return answerOf(-175, `${missing} slices are missing`);
  if (upload.insertOnly && store.files.get(bucket, path)) return answerOf(-177);
  await store.slices(upload).settle();
  if (sha !== undefined && (await store.sha1(upload)) !== sha) return answerOf(-4016);
  await store.closeUpload(upload, {
    ...newFile(bucket, path, nowSeconds(context)),
    dataId: session,
    size: upload.filesize,
    ...(sha && { sha }),
    bizAttr: upload.bizAttr,
    ...(byItself && { closedSession: session }),
  });
  return good(links(context, { bucket, path }));
}
