import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { objectPath } from './object-path.ts';

/** Which file stands for an object: one mapped from elsewhere on the disk, else the one in the bucket's folder. */
export type BucketFiles = {
  map(bucket: string, key: string, path: string): void;
  pathOf(bucket: string, key: string): string;
  folderOf(bucket: string): string;
  /** The mapped files of one bucket, by key. */
  mappedIn(bucket: string): ReadonlyMap<string, string>;
  has(bucket: string): Promise<boolean>;
  buckets(): Promise<{ readonly name: string; readonly createdAt: Date }[]>;
};

/** `files` is read at every call, so its owner may go on changing it. */
export function bucketFiles(root: string, files: Map<string, string>): BucketFiles {
  const mappedIn = (bucket: string) =>
    new Map(
      [...files].flatMap(([name, path]) =>
        name.startsWith(`${bucket}/`) ? [[name.slice(bucket.length + 1), path] as const] : [],
      ),
    );

  const createdAt = async (bucket: string): Promise<Date | undefined> => {
    const stats = await stat(join(root, bucket)).catch(() => undefined);
    if (stats?.isDirectory()) return stats.birthtime;
    return mappedIn(bucket).size > 0 ? new Date(0) : undefined;
  };

  return {
    map: (bucket, key, path) => {
      files.set(`${bucket}/${key}`, path);
    },
    pathOf: (bucket, key) => files.get(`${bucket}/${key}`) ?? objectPath(root, bucket, key),
    folderOf: (bucket) => join(root, bucket),
    mappedIn,
    has: async (bucket) => (await createdAt(bucket)) !== undefined,
    buckets: async () => {
      const folders = await readdir(root).catch((): string[] => []);
      const mapped = [...files.keys()].map((name) => name.slice(0, name.indexOf('/')));
      const names = [...new Set([...folders.filter((name) => !name.startsWith('.')), ...mapped])].sort();
      const found = await Promise.all(
        names.map(async (name) => ({ name, createdAt: await createdAt(name) })),
      );
      return found.flatMap(({ name, createdAt }) => (createdAt === undefined ? [] : [{ name, createdAt }]));
    },
  };
}
