import * as z from 'zod';
import { parentOf } from '../wire/address.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good } from '../wire/codes.ts';
import type { Context, Place } from './context.ts';
import { describe } from './describe.ts';
import { flag, optional, readFields, wholeNumber } from './fields.ts';

const fields = z.object({
  num: optional(wholeNumber.refine((num) => num >= 1 && num <= 1000, 'num is 1 to 1000')),
  context: optional(z.string()),
  prefix: optional(z.string()),
  pattern: optional(z.enum(['eListBoth', 'eListDirOnly', 'eListFileOnly'])),
  order: optional(flag), // 1: from the last name to the first
});

/**
 * `list` on a directory: its own entries by name, `num` at a time; `context` of one page opens the next. What stands behind the
 * last slash of the path is a prefix.
 */
export async function listFolder(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(fields, form.fields);
  const { bucket } = address;
  const cut = address.path.lastIndexOf('/') + 1;
  const folder = address.path.slice(0, cut);
  const prefix = address.path.slice(cut) + (asked.prefix ?? '');
  if (folder !== '' && !context.store.folders.get(bucket, folder)) return answerOf(-197);
  const backwards = asked.order === true;
  const isAfter = (name: string, last: string) => (backwards ? name < last : name > last);
  const entries = entriesOf(context, { bucket, path: folder }, asked.pattern ?? 'eListBoth')
    .filter(({ name }) => name.startsWith(prefix))
    .filter(({ name }) => asked.context === undefined || isAfter(name, asked.context))
    .sort((a, b) => (isAfter(b.name, a.name) ? -1 : 1));
  const page = entries.slice(0, asked.num ?? 100);
  const over = page.length === entries.length;
  return good({
    infos: page.map(({ info }) => info()),
    listover: over,
    context: over ? '' : (page.at(-1)?.name ?? ''),
  });
}

type Entry = { readonly name: string; info(): Record<string, unknown> };
type Pattern = 'eListBoth' | 'eListDirOnly' | 'eListFileOnly';

function entriesOf(context: Context, folder: Place, pattern: Pattern): Entry[] {
  const { files, folders } = context.store;
  const isHere = (one: Place) => one.bucket === folder.bucket && parentOf(one.path) === folder.path;
  const nameOf = (path: string) => path.slice(folder.path.length);
  const shownFolders = pattern === 'eListFileOnly' ? [] : [...folders.all()].filter(isHere);
  const shownFiles = pattern === 'eListDirOnly' ? [] : [...files.all()].filter(isHere);
  return [
    ...shownFolders.map(({ path, bizAttr, ctime, mtime }) => {
      const name = nameOf(path);
      return { name, info: () => ({ name, biz_attr: bizAttr, ctime, mtime }) };
    }),
    ...shownFiles.map((file) => {
      const name = nameOf(file.path);
      return { name, info: () => ({ name, ...describe(context, file) }) };
    }),
  ];
}
