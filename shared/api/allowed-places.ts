import type { Config } from '../config.ts';
import { Declined } from './declined.ts';

/** A bucket, and what the names in it must begin with. */
type Place = { readonly bucket: string; readonly prefix: string };

/** Throws Declined for a target that no caller may write: by default anything outside the configured bucket. */
export function mayWrite(config: Config, bucket: string, path: string): void {
  const allowed = config.ALLOWED_TARGETS ?? [{ bucket: config.COS_BUCKET, prefix: '' }];
  if (isWithin(allowed, bucket, path)) return;
  throw new Declined(
    'not-allowed',
    `the target ${bucket}/${path} is outside what this API may write`,
    'choose a target that ALLOWED_TARGETS names, or have it extended',
  );
}

/** Throws Declined for a source that no caller may read: by default anything outside the configured bucket. */
export function mayRead(config: Config, bucket: string, key: string): void {
  const preset = config.SOURCE_BUCKET === undefined ? [] : [{ bucket: config.SOURCE_BUCKET, prefix: '' }];
  if (isWithin(config.ALLOWED_SOURCES ?? preset, bucket, key)) return;
  throw new Declined(
    'not-allowed',
    `the source ${bucket}/${key} is outside what this API may read`,
    'choose a source that ALLOWED_SOURCES names, or have it extended',
  );
}

const isWithin = (places: readonly Place[], bucket: string, name: string): boolean =>
  places.some((place) => place.bucket === bucket && name.startsWith(place.prefix));
