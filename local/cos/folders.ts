import { parentOf } from './address.ts';
import type { Call } from './call.ts';
import { type Answer, answerOf, good, Refused } from './codes.ts';
import { describe } from './describe.ts';
import { type Desk, lockKey, needParent, nowSeconds, urls } from './desk.ts';
import { createFields, listFields, readFields } from './fields.ts';

/** `create`: one directory, whose parent must exist: a chain is made from the top. */
export async function createFolder(desk: Desk, { address, form }: Call): Promise<Answer> {
  const { bucket, path } = address;
  const asked = readFields(createFields, form.fields);
  if (path === '') return answerOf(-178); // the bucket's root
  if (!path.endsWith('/')) throw new Refused(-5999, "a directory's path ends in a slash");
  return desk.lock.alone(lockKey(address), async () => {
    needParent(desk, address);
    if (desk.store.folders.get(bucket, path)) return answerOf(-178);
    const ctime = nowSeconds(desk);
    await desk.store.folders.put({ bucket, path, bizAttr: asked.biz_attr, ctime, mtime: ctime });
    return good({ ctime, resource_path: urls(desk, address).resource_path });
  });
}

export async function statFolder(desk: Desk, { address }: Call): Promise<Answer> {
  if (address.path === '') return good({ ctime: 0, mtime: 0, biz_attr: '' });
  const folder = desk.store.folders.get(address.bucket, address.path);
  if (!folder) return answerOf(-197);
  return good({ ctime: folder.ctime, mtime: folder.mtime, biz_attr: folder.bizAttr });
}

export async function deleteFolder(desk: Desk, { address }: Call): Promise<Answer> {
  return desk.lock.alone(lockKey(address), async () => {
    const folder = desk.store.folders.get(address.bucket, address.path);
    if (!folder) return answerOf(-197);
    if (!isEmpty(desk, folder.bucket, folder.path)) throw new Refused(-5999, 'the directory is not empty');
    await desk.store.folders.remove(folder);
    return good();
  });
}

/** `list` on a directory: its own entries by name, `num` at a time; `context` of one page opens the next. */
export async function listFolder(desk: Desk, { address, form }: Call): Promise<Answer> {
  const { bucket, path } = address;
  const asked = readFields(listFields, form.fields);
  if (path !== '' && !desk.store.folders.get(bucket, path)) return answerOf(-197);
  const entries = entriesOf(desk, bucket, path)
    .filter(({ name }) => name.startsWith(asked.prefix ?? '') && name > (asked.context ?? ''))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const infos = entries.slice(0, asked.num ?? 100);
  const over = infos.length === entries.length;
  return good({ infos, listover: over, context: over ? '' : (infos.at(-1)?.name ?? '') });
}

function entriesOf(desk: Desk, bucket: string, folder: string) {
  const { files, folders } = desk.store;
  const isHere = (one: { bucket: string; path: string }) =>
    one.bucket === bucket && parentOf(one.path) === folder;
  const nameOf = (path: string) => path.slice(folder.length);
  return [
    ...[...folders.all()]
      .filter(isHere)
      .map(({ path, bizAttr, ctime, mtime }) => ({ name: nameOf(path), biz_attr: bizAttr, ctime, mtime })),
    ...[...files.all()].filter(isHere).map((file) => ({ name: nameOf(file.path), ...describe(desk, file) })),
  ];
}

function isEmpty(desk: Desk, bucket: string, folder: string): boolean {
  const { files, folders, uploads } = desk.store;
  const isHere = (one: { bucket: string; path: string }) =>
    one.bucket === bucket && parentOf(one.path) === folder;
  return ![files, folders, uploads].some((shelf) => [...shelf.all()].some(isHere));
}
