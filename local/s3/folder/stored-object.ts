import { hash } from 'node:crypto';
import { type BigIntStats, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** An object as one open file: everything read from it belongs to the version its ETag names. */
export type StoredObject = {
  readonly file: FileHandle;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
};

/** Opens and looks once. Throws what the file system throws; a folder is no object. The caller closes the file. */
export async function openObject(path: string): Promise<StoredObject> {
  const file = await open(path);
  const stats = fstatSync(file.fd, { bigint: true });
  if (!stats.isFile()) {
    await file.close();
    throw Object.assign(new Error(`${path} is not a file`), { code: 'EISDIR' });
  }
  return { file, ...versionOf(stats) };
}

/**
 * Size, ETag and date of a file. The ETag is taken from inode, size and time, so that it costs nothing
 * at 10 GB and changes with every overwrite. It is not the MD5 of the content, as it is not in S3 either
 * for a multipart or encrypted object.
 */
export function versionOf(stats: BigIntStats): Omit<StoredObject, 'file'> {
  const identity = `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  return { size: Number(stats.size), etag: `"${hash('md5', identity)}"`, modifiedAt: stats.mtime };
}

/** Whether the open file is still the version it was opened as. */
export const isUnchanged = (object: StoredObject): boolean =>
  versionOf(fstatSync(object.file.fd, { bigint: true })).etag === object.etag;
