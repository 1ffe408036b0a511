import type { CosClient } from '../cos/client.ts';
import type { CosTarget } from '../cos/target.ts';

/** A finished file of COS; its size in bytes. */
export type ListedFile = { readonly path: string; readonly size: number };

/** Every finished file whose path begins with that of `start`, directory by directory. */
export async function* filesBelow(
  cos: Pick<CosClient, 'folder'>,
  start: CosTarget,
  signal: AbortSignal,
): AsyncIterable<ListedFile> {
  const { path: prefix } = start;
  const folders = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const page = await cos.folder({ ...start, path: folder }, after, signal);
      for (const { name, size, received } of page.files)
        if (received === size && `${folder}${name}`.startsWith(prefix))
          yield { path: `${folder}${name}`, size };
      for (const name of page.folders)
        if (isOnTheWay(`${folder}${name}`, prefix)) folders.push(`${folder}${name}`);
      after = page.next;
    }
}

const isOnTheWay = (folder: string, prefix: string): boolean =>
  folder.startsWith(prefix) || prefix.startsWith(folder);
