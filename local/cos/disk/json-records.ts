import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';

type Named = { readonly bucket: string; readonly path: string };

/** Small records, one for each path of a bucket: in memory to be read, on disk as one JSON file each. */
export type JsonRecords<T extends Named> = {
  get(bucket: string, path: string): T | undefined;
  /** Replaces what the path had in one step: a kill leaves the old record or the new one. */
  put(record: T): Promise<void>;
  remove(record: Named): Promise<void>;
  all(): IterableIterator<T>;
};

export async function openJsonRecords<T extends Named>(
  dir: string,
  schema: z.ZodType<T>,
): Promise<JsonRecords<T>> {
  await mkdir(dir, { recursive: true });
  const records = await load(dir, schema);
  let writes = 0;
  return {
    get: (bucket, path) => records.get(`${bucket}/${path}`),
    async put(record) {
      const file = join(dir, fileName(record));
      writes += 1;
      const draft = `${file}.${writes}.draft`;
      await writeFile(draft, JSON.stringify(record));
      await rename(draft, file);
      records.set(`${record.bucket}/${record.path}`, record);
    },
    async remove(record) {
      records.delete(`${record.bucket}/${record.path}`);
      await rm(join(dir, fileName(record)), { force: true });
    },
    all: () => records.values(),
  };
}

async function load<T extends Named>(dir: string, schema: z.ZodType<T>): Promise<Map<string, T>> {
  const records = new Map<string, T>();
  for (const name of await readdir(dir)) {
    const file = join(dir, name);
    if (name.endsWith('.draft')) await rm(file, { force: true });
    if (!name.endsWith('.json')) continue;
    const record = schema.parse(JSON.parse(await readFile(file, 'utf8')));
    records.set(`${record.bucket}/${record.path}`, record);
  }
  return records;
}

/** A path may be longer than a file name and hold any character. */
const fileName = ({ bucket, path }: Named): string =>
  `${createHash('sha256').update(`${bucket}/${path}`).digest('hex')}.json`;
