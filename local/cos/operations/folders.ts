import * as z from 'zod';
import { parentOf } from '../wire/address.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { updateFields } from './attributes.ts';
import { type Context, links, lockKey, nowSeconds, type Place } from './context.ts';
import { bizAttr, readFields } from './fields.ts';
import { provideParent } from './parents.ts';

const createFields = z.object({ biz_attr: bizAttr });

/** `create`: one directory; with strict folders a chain is made from the top. */
export async function createFolder(context: Context, { address, form }: Call): Promise<Answer> {
  const { bucket, path } = address;
  const asked = readFields(createFields, form.fields);
  if (path === '') return answerOf(-178); // the bucket's root
  if (!path.endsWith('/')) throw new Refused(-5999, "a directory's path ends in a slash");
  return context.lock.alone(lockKey(address), async () => {
    await provideParent(context, address);
    if (context.store.folders.get(bucket, path)) return answerOf(-178);
    const ctime = nowSeconds(context);
    await context.store.folders.put({ bucket, path, bizAttr: asked.biz_attr, ctime, mtime: ctime });
    return good({ ctime, resource_path: links(context, address).resource_path });
  });
}

export async function statFolder(context: Context, { address }: Call): Promise<Answer> {
  if (address.path === '') return good({ ctime: 0, mtime: 0, biz_attr: '' });
  const folder = context.store.folders.get(address.bucket, address.path);
  if (!folder) return answerOf(-197);
  return good({ ctime: folder.ctime, mtime: folder.mtime, biz_attr: folder.bizAttr });
}

/** `update` of a directory: it has `biz_attr` and nothing else to set. */
export async function updateFolder(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(updateFields, form.fields);
  const more = asked.authority !== undefined || Object.keys(asked.custom_headers ?? {}).length > 0;
  if (more) throw new Refused(-5999, 'a directory has only biz_attr');
  return context.lock.alone(lockKey(address), async () => {
    const folder = context.store.folders.get(address.bucket, address.path);
    if (!folder) return answerOf(-197);
    const mtime = nowSeconds(context);
    await context.store.folders.put({ ...folder, bizAttr: asked.biz_attr ?? folder.bizAttr, mtime });
    return good();
  });
}

export async function deleteFolder(context: Context, { address }: Call): Promise<Answer> {
  return context.lock.alone(lockKey(address), async () => {
    const folder = context.store.folders.get(address.bucket, address.path);
    if (!folder) return answerOf(-197);
    if (!isEmpty(context, folder)) return answerOf(-173);
    await context.store.folders.remove(folder);
    return good();
  });
}

function isEmpty({ store }: Context, folder: Place): boolean {
  const isHere = (one: Place) => one.bucket === folder.bucket && parentOf(one.path) === folder.path;
  return ![store.files, store.folders, store.uploads].some((records) => [...records.all()].some(isHere));
}
