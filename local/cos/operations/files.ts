import * as z from 'zod';
import { newFile } from '../disk/records.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { updateFields } from './attributes.ts';
import { again } from './begin-upload.ts';
import { type Context, links, lockKey, needFilePath, nowSeconds } from './context.ts';
import { describe, describeUnfinished } from './describe.ts';
import { bizAttr, insertOnly, optional, readFields, sha1Hex } from './fields.ts';
import { deleteFolder, statFolder, updateFolder } from './folders.ts';
import { provideParent } from './parents.ts';

const uploadFields = z.object({ sha: optional(sha1Hex), biz_attr: bizAttr, insertonly: insertOnly });

const LARGEST_UPLOAD_BYTES = 20 * 1024 * 1024;

/** `upload`: a small file in one request. */
export async function uploadFile(
  context: Context,
  { address, form }: Call,
  damage: boolean,
): Promise<Answer> {
  const asked = readFields(uploadFields, form.fields);
  const { content } = form;
  needFilePath(address);
  if (!content) throw new Refused(-5999, 'filecontent is missing');
  if (content.length > LARGEST_UPLOAD_BYTES) throw new Refused(-5999, 'more than 20 MB: send it in slices');
  if (damage) await content.damage();
  const sha = await content.sha1();
  if (asked.sha !== undefined && asked.sha !== sha) throw new Refused(-4016);
  return context.lock.alone(lockKey(address), async () => {
    const { bucket, path } = address;
    await provideParent(context, address);
    const file = context.store.files.get(bucket, path);
    if (asked.insertonly && file) return again(context, file, { sha, filesize: content.length });
    await context.store.placeFile({
      ...newFile(bucket, path, nowSeconds(context)),
      dataId: context.store.keep(content.landing),
      size: content.length,
      sha,
      bizAttr: asked.biz_attr,
    });
    return good(links(context, address));
  });
}

/** `stat`: the finished file, else how far the unfinished one has come. */
export async function stat(context: Context, call: Call): Promise<Answer> {
  const { bucket, path } = call.address;
  if (path === '' || path.endsWith('/')) return statFolder(context, call);
  const file = context.store.files.get(bucket, path);
  if (file) return good(describe(context, file));
  const upload = context.store.uploads.get(bucket, path);
  return upload ? good(describeUnfinished(context, upload)) : answerOf(-197);
}

/** `update`: each of the three is replaced whole if it is sent, and left alone if not. */
export async function update(context: Context, call: Call): Promise<Answer> {
  const { address, form } = call;
  if (address.path.endsWith('/')) return updateFolder(context, call);
  const asked = readFields(updateFields, form.fields);
  return context.lock.alone(lockKey(address), async () => {
    const file = context.store.files.get(address.bucket, address.path);
    if (!file) return answerOf(-197);
    await context.store.placeFile({
      ...file,
      customHeaders: asked.custom_headers ?? file.customHeaders,
      authority: asked.authority ?? file.authority,
      bizAttr: asked.biz_attr ?? file.bizAttr,
      mtime: nowSeconds(context),
    });
    return good();
  });
}

/** `delete`: the finished file and the unfinished upload of the path, or an empty directory. */
export async function remove(context: Context, call: Call): Promise<Answer> {
  const { bucket, path } = call.address;
  if (path === '' || path.endsWith('/')) return deleteFolder(context, call);
  return context.lock.alone(lockKey(call.address), async () => {
    const file = context.store.files.get(bucket, path);
    const upload = context.store.uploads.get(bucket, path);
    if (file) await context.store.dropFile(file);
    if (upload) await context.store.dropUpload(upload);
    return file || upload ? good() : answerOf(-197);
  });
}
