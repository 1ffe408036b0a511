import type { PathLock } from '../disk/path-lock.ts';
import type { UploadRecord } from '../disk/records.ts';
import type { Store } from '../disk/store.ts';
import { parentOf, urlsOf } from '../wire/address.ts';
import { Refused } from '../wire/codes.ts';

/** How the endpoint behaves, every choice made. */
export type Behaviour = {
  readonly appId: string;
  readonly buckets: readonly string[];
  readonly sliceSizes: readonly number[];
  readonly grantSliceSize: number | undefined;
  readonly serialUpload: boolean;
  readonly listForm: 'array' | 'string' | 'null-when-empty' | 'absent-when-empty';
  readonly numbersAsStrings: boolean;
  readonly closesItself: boolean;
  readonly shaSuffix: string;
  readonly unknownSessionCode: number;
  readonly now: () => number;
};

/** What every operation needs at hand. */
export type Context = {
  readonly behaviour: Behaviour;
  readonly store: Store;
  readonly lock: PathLock;
  readonly origin: () => string;
};

type Place = { readonly bucket: string; readonly path: string };

export const lockKey = ({ bucket, path }: Place): string => `${bucket}/${path}`;

export const urls = (context: Context, { bucket, path }: Place) =>
  urlsOf(context.origin(), context.behaviour.appId, bucket, path);

export const nowSeconds = (context: Context): number => Math.floor(context.behaviour.now() / 1000);

/** -197 unless the directory that `path` lies in was made; the bucket's root always exists. */
export function needParent(context: Context, { bucket, path }: Place): void {
  const parent = parentOf(path);
  if (parent !== '' && !context.store.folders.get(bucket, parent)) {
    throw new Refused(-197, 'the parent directory does not exist');
  }
}

/** -5999 for a directory's path where a file's is wanted. */
export function needFilePath({ path }: Place): void {
  if (path === '' || path.endsWith('/')) throw new Refused(-5999, 'the path names a directory');
}

/** The upload of this path if the session is its own; else the code for a session nobody knows. */
export function uploadOf(context: Context, { bucket, path }: Place, session: string): UploadRecord {
  const upload = context.store.uploads.get(bucket, path);
  if (upload?.session !== session)
    throw new Refused(context.behaviour.unknownSessionCode, 'session not found');
  return upload;
}

/** All slices are as long as agreed but the last. */
export const sliceLength = ({ filesize, sliceSize }: UploadRecord, offset: number): number =>
  Math.min(sliceSize, filesize - offset);

export const countMissing = (context: Context, upload: UploadRecord): number =>
  Math.ceil(upload.filesize / upload.sliceSize) - context.store.slices(upload).held.size;
