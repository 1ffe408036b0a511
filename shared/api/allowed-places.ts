import type { Config } from '../config.ts';
import { Declined } from './declined.ts';

/** A bucket, and what the names in it must begin with. */
type Place = { readonly bucket: string; readonly prefix: string };

/** Throws Declined for a target that no caller may write. */
export function mayWrite(config: Config, bucket: string, path: string): void {
  if (writes(config, bucket, path)) return;
  throw new Declined(
    'not-allowed',
    `the target ${bucket}/${path} is outside what this API may write`,
    'choose a target that ALLOWED_TARGETS names, or have it extended',
  );
}

/** Throws Declined for a source that no caller may read. */
export function mayRead(config: Config, bucket: string, key: string): void {
  if (reads(config, bucket, key)) return;
  throw new Declined(
    'not-allowed',
    `the source ${bucket}/${key} is outside what this API may read`,
    'choose a source that ALLOWED_SOURCES names, or have it extended',
  );
}

/** By default anything in the configured bucket. */
export const writes = (config: Config, bucket: string, path: string): boolean =>
  isWithin(config.ALLOWED_TARGETS ?? [{ bucket: config.COS_BUCKET, prefix: '' }], bucket, path);

/** By default anything in the configured bucket. */
export function reads(config: Config, bucket: string, key: string): boolean {
  const preset = config.SOURCE_BUCKET === undefined ? [] : [{ bucket: config.SOURCE_BUCKET, prefix: '' }];
  return isWithin(config.ALLOWED_SOURCES ?? preset, bucket, key);
}

const isWithin = (places: readonly Place[], bucket: string, name: string): boolean =>
  places.some((place) => place.bucket === bucket && name.startsWith(place.prefix));
