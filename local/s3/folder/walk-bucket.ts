import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { keyOfPath } from './object-path.ts';

/** What lies in a bucket's folder and is no object: its path below the folder, and the reason in words. */
export type SkippedEntry = { readonly path: string; readonly why: string };

/** Every key of a bucket's folder and the file it lies in, or nothing when there is no such folder. */
export async function walkBucket(
  folder: string,
  skipped: (entry: SkippedEntry) => void = () => undefined,
): Promise<Map<string, string> | undefined> {
  const top = await entriesOf(folder);
  if (top === undefined) return undefined;

  const paths = new Map<string, string>();
  const skip = (path: string, why: string) => skipped({ path: relative(folder, path), why });
  for (const path of await filesAmong(top, skip)) {
    const key = keyOfPath(relative(folder, path));
    if (key === undefined) skip(path, 'its name is an escape that stands for no key');
    else paths.set(key, path);
  }
  return paths;
}

/** A name in another encoding than UTF-8 (GBK, Latin-1) is read with this in it, and no file is found by what was read. */
export const isNotUtf8 = (name: string): boolean => name.includes('\uFFFD');
export const NOT_UTF8 = 'its name is not UTF-8, which the keys of S3 are: rename it';

/**
 * Not `readdir` with `recursive`: that one fails as a whole when a subfolder goes away meanwhile,
 * and a bucket would look empty.
 */
async function filesAmong(
  entries: readonly Dirent[],
  skip: (path: string, why: string) => void,
): Promise<string[]> {
  const found: string[][] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.name.startsWith('.')) skip(path, 'its name begins with a dot');
    else if (entry.isDirectory()) {
      const inside = await entriesOf(path);
      if (inside === undefined) skip(path, isNotUtf8(path) ? NOT_UTF8 : 'the folder cannot be read');
      found.push(await filesAmong(inside ?? [], skip));
    } else found.push([path]);
  }
  return found.flat();
}

const entriesOf = (folder: string): Promise<Dirent[] | undefined> =>
  readdir(folder, { withFileTypes: true }).catch(() => undefined);
