import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { versionOf } from '../folder/stored-object.ts';
import { walkBucket } from '../folder/walk-bucket.ts';

type SettledFile = { readonly key: string; readonly stats: BigIntStats };

export type Look = {
  /** Files that were the same at the last look and were not told of yet, in the order of their change. */
  readonly settled: readonly SettledFile[];
  /** How many files are new or other than at the last look. */
  readonly pending: number;
};

/** Remembers a folder from look to look. */
export function settledFiles(folder: string): { passOver(): Promise<void>; look(): Promise<Look> } {
  let seen = new Map<string, string>();
  const told = new Map<string, string>();

  return {
    /** Takes everything that is there now for told. */
    passOver: async () => {
      for (const { key, stats } of await filesIn(folder)) told.set(key, versionOf(stats).etag);
    },
    look: async () => {
      const now = new Map<string, string>();
      const settled: SettledFile[] = [];
      let pending = 0;
      for (const file of await filesIn(folder)) {
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
      return { settled, pending };
    },
  };
}

/** Names under which browsers, rsync and editors keep what is not finished. Dot files are no objects at all. */
const UNFINISHED = /\.(?:tmp|part|partial|crdownload|download|swp)$|~$/i;

async function filesIn(folder: string): Promise<SettledFile[]> {
  const paths = (await walkBucket(folder)) ?? new Map<string, string>();
  const files = await Promise.all(
    [...paths].map(async ([key, path]) => {
      if (UNFINISHED.test(key)) return [];
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      return stats?.isFile() ? [{ key, stats }] : [];
    }),
  );
  return files.flat().sort((left, right) => Number(left.stats.ctimeNs - right.stats.ctimeNs));
}
