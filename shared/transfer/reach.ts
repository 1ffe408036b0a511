import type { Config } from '../config.ts';

/** A bucket, and what the names in it must begin with. */
type Place = { readonly bucket: string; readonly prefix: string };

/** Whether callers of the API may write there. By default anything in the configured bucket. */
export const writes = (config: Config, bucket: string, path: string): boolean =>
  isWithin(config.ALLOWED_TARGETS ?? [{ bucket: config.COS_BUCKET, prefix: '' }], bucket, path);

/**
 * Whether callers of the API may read there. By default anything in the configured bucket. A prefix in the place of a key:
 * whether they may read all that begins so.
 */
export const reads = (config: Config, bucket: string, key: string): boolean =>
  isWithin(sources(config), bucket, key);

/** Whether callers of the API may read anything at all of a bucket. */
export const readsSome = (config: Config, bucket: string): boolean =>
  sources(config).some((place) => place.bucket === bucket);

const sources = ({ ALLOWED_SOURCES, SOURCE_BUCKET }: Config): readonly Place[] =>
  ALLOWED_SOURCES ?? (SOURCE_BUCKET === undefined ? [] : [{ bucket: SOURCE_BUCKET, prefix: '' }]);

const isWithin = (places: readonly Place[], bucket: string, name: string): boolean =>
  places.some((place) => place.bucket === bucket && name.startsWith(place.prefix));
