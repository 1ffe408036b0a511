import { parentOf } from '../wire/address.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { type Context, lockKey, needParent, nowSeconds, urls } from './context.ts';
import { describe } from './describe.ts';
import { createFields, listFields, readFields } from './fields.ts';

/** `create`: one directory, whose parent must exist: a chain is made from the top. */
export async function createFolder(context: Context, { address, form }: Call): Promise<Answer> {
  const { bucket, path } = address;
  const asked = readFields(createFields, form.fields);
  if (path === '') return answerOf(-178); // the bucket's root
  if (!path.endsWith('/')) throw new Refused(-5999, "a directory's path ends in a slash");
  return context.lock.alone(lockKey(address), async () => {
    needParent(context, address);
    if (context.store.folders.get(bucket, path)) return answerOf(-178);
    const ctime = nowSeconds(context);
    await context.store.folders.put({ bucket, path, bizAttr: asked.biz_attr, ctime, mtime: ctime });
    return good({ ctime, resource_path: urls(context, address).resource_path });
  });
}

export async function statFolder(context: Context, { address }: Call): Promise<Answer> {
  if (address.path === '') return good({ ctime: 0, mtime: 0, biz_attr: '' });
  const folder = context.store.folders.get(address.bucket, address.path);
  if (!folder) return answerOf(-197);
  return good({ ctime: folder.ctime, mtime: folder.mtime, biz_attr: folder.bizAttr });
}

export async function deleteFolder(context: Context, { address }: Call): Promise<Answer> {
  return context.lock.alone(lockKey(address), async () => {
    const folder = context.store.folders.get(address.bucket, address.path);
    if (!folder) return answerOf(-197);
    if (!isEmpty(context, folder.bucket, folder.path)) throw new Refused(-5999, 'the directory is not empty');
    await context.store.folders.remove(folder);
    return good();
  });
}

/** `list` on a directory: its own entries by name, `num` at a time; `context` of one page opens the next. */
export async function listFolder(context: Context, { address, form }: Call): Promise<Answer> {
  const { bucket, path } = address;
  const asked = readFields(listFields, form.fields);
  if (path !== '' && !context.store.folders.get(bucket, path)) return answerOf(-197);
  const entries = entriesOf(context, bucket, path)
    .filter(({ name }) => name.startsWith(asked.prefix ?? '') && name > (asked.context ?? ''))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const infos = entries.slice(0, asked.num ?? 100);
  const over = infos.length === entries.length;
  return good({ infos, listover: over, context: over ? '' : (infos.at(-1)?.name ?? '') });
}

function entriesOf(context: Context, bucket: string, folder: string) {
  const { files, folders } = context.store;
  const isHere = (one: { bucket: string; path: string }) =>
    one.bucket === bucket && parentOf(one.path) === folder;
  const nameOf = (path: string) => path.slice(folder.length);
  return [
    ...[...folders.all()]
      .filter(isHere)
      .map(({ path, bizAttr, ctime, mtime }) => ({ name: nameOf(path), biz_attr: bizAttr, ctime, mtime })),
    ...[...files.all()]
      .filter(isHere)
      .map((file) => ({ name: nameOf(file.path), ...describe(context, file) })),
  ];
}

function isEmpty(context: Context, bucket: string, folder: string): boolean {
  const { files, folders, uploads } = context.store;
  const isHere = (one: { bucket: string; path: string }) =>
    one.bucket === bucket && parentOf(one.path) === folder;
  return ![files, folders, uploads].some((records) => [...records.all()].some(isHere));
}
