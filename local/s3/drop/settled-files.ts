import type { BigIntStats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { versionOf } from '../folder/stored-object.ts';
import { isNotUtf8, NOT_UTF8, type SkippedEntry, walkBucket } from '../folder/walk-bucket.ts';

type SettledFile = { readonly key: string; readonly stats: BigIntStats };

export type Look = {
  /** Files that were the same at the last look and were not told of yet, in the order of their change. */
  readonly settled: readonly SettledFile[];
  /** How many files are new or other than at the last look. */
  readonly pending: number;
  /** What is no object and was not told of yet. */
  readonly skipped: readonly SkippedEntry[];
};

/** Remembers a folder from look to look. */
export function settledFiles(folder: string): { passOver(): Promise<void>; look(): Promise<Look> } {
  let seen = new Map<string, string>();
  const told = new Map<string, string>();
  let toldSkipped = new Set<string>();

  return {
    /** Takes every object that is there now for told. */
    passOver: async () => {
      const { files } = await contentOf(folder);
      for (const { key, stats } of files) told.set(key, versionOf(stats).etag);
    },
    look: async () => {
      const now = new Map<string, string>();
      const settled: SettledFile[] = [];
      let pending = 0;
      const { files, skipped } = await contentOf(folder);
      for (const file of files) {
        const { etag } = versionOf(file.stats);
        now.set(file.key, etag);
        if (told.get(file.key) === etag) continue;
        if (seen.get(file.key) !== etag) pending += 1;
        else {
          told.set(file.key, etag);
          settled.push(file);
        }
      }
      for (const key of told.keys()) if (!now.has(key)) told.delete(key); // a file put back counts as new
      seen = now;
      const fresh = skipped.filter(({ path }) => !toldSkipped.has(path));
      toldSkipped = new Set(skipped.map(({ path }) => path));
      return { settled, pending, skipped: fresh };
    },
  };
}

/** Names under which browsers, rsync and editors keep what is not finished. Dot files are no objects at all. */
const UNFINISHED = /\.(?:tmp|part|partial|crdownload|download|swp)$|~$/i;

type Content = { readonly files: readonly SettledFile[]; readonly skipped: readonly SkippedEntry[] };

async function contentOf(folder: string): Promise<Content> {
  const skipped: SkippedEntry[] = [];
  const paths = (await walkBucket(folder, (entry) => skipped.push(entry))) ?? new Map<string, string>();
  const files = await Promise.all(
    [...paths].map(async ([key, path]) => {
      if (UNFINISHED.test(key)) {
        skipped.push({
          path: key,
          why: 'its name is that of an unfinished file: rename it when it is whole',
        });
        return [];
      }
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      if (stats?.isFile()) return [{ key, stats }];
      const why = stats ? notAFile(stats) : await whyUnreadable(path);
      if (why !== undefined) skipped.push({ path: key, why });
      return [];
    }),
  );
  return {
    files: files.flat().sort((left, right) => Number(left.stats.ctimeNs - right.stats.ctimeNs)),
    skipped,
  };
}

/** A link to a file is that file: whoever puts links here may read what they lead to. Folders may lead round in circles. */
const notAFile = (stats: BigIntStats): string =>
  stats.isDirectory() ? 'it is a link to a folder: link the files in it' : 'it is no file';

/** Undefined if it is gone since the folder was read. */
async function whyUnreadable(path: string): Promise<string | undefined> {
  if (isNotUtf8(path)) return NOT_UTF8;
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  return isThere ? 'it is a link that leads nowhere' : undefined;
}
