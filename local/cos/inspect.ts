import type { Store } from './disk/store.ts';
import { sliceLength } from './operations/context.ts';

/** A finished file as a test or a benchmark looks at it, past the wire. */
export type StoredFile = {
  readonly size: number;
  readonly dataPath: string;
  readonly sha?: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly bizAttr: string;
  readonly authority: string;
  readonly ctime: number; // epoch seconds, like mtime
  readonly mtime: number;
};

export type UnfinishedUpload = {
  readonly session: string;
  readonly filesize: number;
  readonly sliceSize: number;
  readonly sha?: string;
  readonly held: readonly { readonly offset: number; readonly length: number }[]; // in the order stored
};

export function storedFile(store: Store, bucket: string, path: string): StoredFile | undefined {
  const file = store.files.get(bucket, path);
  if (!file) return undefined;
  const { size, sha, customHeaders, bizAttr, authority, ctime, mtime } = file;
  const dataPath = store.dataPath(file.dataId);
  return { size, dataPath, ...(sha && { sha }), customHeaders, bizAttr, authority, ctime, mtime };
}

export function unfinishedUpload(store: Store, bucket: string, path: string): UnfinishedUpload | undefined {
  const upload = store.uploads.get(bucket, path);
  if (!upload) return undefined;
  const { session, filesize, sliceSize, sha } = upload;
  const held = store
    .slices(upload)
    .held.inOrderStored()
    .map((offset) => ({
      offset,
      length: sliceLength(upload, offset),
    }));
  return { session, filesize, sliceSize, ...(sha && { sha }), held };
}
