import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { keyOfPath } from './object-path.ts';

/** Every key of a bucket's folder and the file it lies in, or nothing when there is no such folder. */
export async function walkBucket(folder: string): Promise<Map<string, string> | undefined> {
  const top = await entriesOf(folder);
  if (top === undefined) return undefined;

  const paths = new Map<string, string>();
  for (const path of await filesAmong(top)) {
    const key = keyOfPath(relative(folder, path));
    if (key !== undefined) paths.set(key, path);
  }
  return paths;
}

/**
 * Not `readdir` with `recursive`: that one fails as a whole when a subfolder goes away meanwhile,
 * and a bucket would look empty.
 */
async function filesAmong(entries: readonly Dirent[]): Promise<string[]> {
  const found: string[][] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    found.push(entry.isDirectory() ? await filesAmong((await entriesOf(path)) ?? []) : [path]);
  }
  return found.flat();
}

const entriesOf = (folder: string): Promise<Dirent[] | undefined> =>
  readdir(folder, { withFileTypes: true }).catch(() => undefined);
