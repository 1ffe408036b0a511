import { randomBytes } from 'node:crypto';
import type { Call } from './call.ts';
import { type Answer, answerOf, good, Refused } from './codes.ts';
import { describe, describeUnfinished } from './describe.ts';
import { type Desk, lockKey, needFilePath, needParent, nowSeconds, urls } from './desk.ts';
import { readFields, updateFields, uploadFields } from './fields.ts';
import { deleteFolder, statFolder } from './folders.ts';
import { newFile } from './records.ts';

const LARGEST_UPLOAD_BYTES = 20 * 1024 * 1024;

/** `upload`: a small file in one request. */
export async function uploadFile(desk: Desk, { address, form }: Call, damage: boolean): Promise<Answer> {
  const asked = readFields(uploadFields, form.fields);
  const { content } = form;
  needFilePath(address);
  if (!content) throw new Refused(-5999, 'filecontent is missing');
  if (content.length > LARGEST_UPLOAD_BYTES) throw new Refused(-5999, 'more than 20 MB: send it in slices');
  if (damage) content.damage();
  const sha = content.sha1();
  if (asked.sha !== undefined && asked.sha !== sha) throw new Refused(-4016);
  return desk.lock.alone(lockKey(address), async () => {
    const { bucket, path } = address;
    needParent(desk, address);
    if (asked.insertonly && desk.store.files.get(bucket, path)) return answerOf(-177);
    const dataId = randomBytes(32).toString('hex');
    await desk.store.writeData(dataId, content.chunks);
    await desk.store.placeFile({
      ...newFile(bucket, path, nowSeconds(desk)),
      dataId,
      size: content.length,
      sha,
      bizAttr: asked.biz_attr,
    });
    return good(urls(desk, address));
  });
}

/** `stat`: the finished file, else how far the unfinished one has come. */
export async function stat(desk: Desk, call: Call): Promise<Answer> {
  const { bucket, path } = call.address;
  if (path === '' || path.endsWith('/')) return statFolder(desk, call);
  const file = desk.store.files.get(bucket, path);
  if (file) return good(describe(desk, file));
  const upload = desk.store.uploads.get(bucket, path);
  return upload ? good(describeUnfinished(desk, upload)) : answerOf(-197);
}

/** `update`: each of the three is replaced whole if it is sent, and left alone if not. */
export async function update(desk: Desk, { address, form }: Call): Promise<Answer> {
  const asked = readFields(updateFields, form.fields);
  return desk.lock.alone(lockKey(address), async () => {
    const file = desk.store.files.get(address.bucket, address.path);
    if (!file) return answerOf(-197);
    await desk.store.placeFile({
      ...file,
      customHeaders: asked.custom_headers ?? file.customHeaders,
      authority: asked.authority ?? file.authority,
      bizAttr: asked.biz_attr ?? file.bizAttr,
      mtime: nowSeconds(desk),
    });
    return good();
  });
}

/** `delete`: the finished file and the unfinished upload of the path, or an empty directory. */
export async function remove(desk: Desk, call: Call): Promise<Answer> {
  const { bucket, path } = call.address;
  if (path === '' || path.endsWith('/')) return deleteFolder(desk, call);
  return desk.lock.alone(lockKey(call.address), async () => {
    const file = desk.store.files.get(bucket, path);
    const upload = desk.store.uploads.get(bucket, path);
    if (file) await desk.store.dropFile(file);
    if (upload) await desk.store.dropUpload(upload);
    return file || upload ? good() : answerOf(-197);
  });
}
