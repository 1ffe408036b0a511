import type { PathLock } from '../disk/path-lock.ts';
import type { UploadRecord } from '../disk/records.ts';
import type { Store } from '../disk/store.ts';
import { Refused } from '../wire/codes.ts';
import { type LinkStyle, linksOf } from '../wire/links.ts';

/** How the endpoint behaves, every choice made. */
export type Behaviour = {
  readonly appId: string;
  readonly buckets: readonly string[];
  /** `any`: from 64 KiB to 3 MiB. */
  readonly sliceSizes: readonly number[] | 'any';
  readonly grantSliceSize: number | undefined;
  readonly serialUpload: boolean;
  readonly listForm: 'array' | 'string' | 'null-when-empty' | 'absent-when-empty';
  readonly numbersAsStrings: boolean;
  readonly closesItself: boolean;
  readonly shaSuffix: string;
  readonly unknownSessionCode: number;
  /** A parent directory that nobody made is -197 instead of made. */
  readonly strictFolders: boolean;
  /** A file that is there with the very same content is -177 instead of good. */
  readonly refuseSame: boolean;
  /** The longest file that init takes, in bytes. */
  readonly largestFile: number;
  /** A file without an authority of its own needs a signature to be read. */
  readonly privateBuckets: boolean;
  readonly now: () => number;
};

/** What every operation needs at hand. */
export type Context = {
  readonly behaviour: Behaviour;
  readonly store: Store;
  readonly lock: PathLock;
  readonly linkStyle: () => LinkStyle;
};

const BUCKET_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

export type Place = { readonly bucket: string; readonly path: string };

export const lockKey = ({ bucket, path }: Place): string => `${bucket}/${path}`;

/** The addresses under which a file can be read, and its name in the bucket. */
export const links = (context: Context, { bucket, path }: Place) =>
  linksOf(context.linkStyle(), { appId: context.behaviour.appId, bucket, path });

export const nowSeconds = (context: Context): number => Math.floor(context.behaviour.now() / 1000);

/** -70, -199 or -133 for an app and a bucket that are not here. */
export function needBucket(context: Context, place: Place & { readonly appId: string }): void {
  if (place.appId !== context.behaviour.appId) throw new Refused(-70, 'no such app');
  if (!BUCKET_NAME.test(place.bucket)) throw new Refused(-199);
  if (!context.behaviour.buckets.includes(place.bucket)) throw new Refused(-133);
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
