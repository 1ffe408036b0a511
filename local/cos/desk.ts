import { parentOf, urlsOf } from './address.ts';
import { Refused } from './codes.ts';
import type { PathLock } from './path-lock.ts';
import type { Store } from './store.ts';

/** How the endpoint behaves, every choice made. */
export type Manners = {
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
export type Desk = {
  readonly manners: Manners;
  readonly store: Store;
  readonly lock: PathLock;
  readonly origin: () => string;
};

type Place = { readonly bucket: string; readonly path: string };

export const lockKey = ({ bucket, path }: Place): string => `${bucket}/${path}`;

export const urls = (desk: Desk, { bucket, path }: Place) =>
  urlsOf(desk.origin(), desk.manners.appId, bucket, path);

export const nowSeconds = (desk: Desk): number => Math.floor(desk.manners.now() / 1000);

/** -197 unless the directory that `path` lies in was made; the bucket's root always exists. */
export function needParent(desk: Desk, { bucket, path }: Place): void {
  const parent = parentOf(path);
  if (parent !== '' && !desk.store.folders.get(bucket, parent)) {
    throw new Refused(-197, 'the parent directory does not exist');
  }
}

/** -5999 for a directory's path where a file's is wanted. */
export function needFilePath({ path }: Place): void {
  if (path === '' || path.endsWith('/')) throw new Refused(-5999, 'the path names a directory');
}
