import type { Config } from '../config.ts';
import { ForeignSource } from '../errors.ts';

type Named = { readonly bucket: string; readonly key: string };

/** Throws ForeignSource for an event of an object that the relay was not set up to carry. */
export function mustBeOurs(
  config: Pick<Config, 'SOURCE_BUCKET' | 'SOURCE_PREFIX' | 'SOURCE_SUFFIX'>,
  { bucket, key }: Named,
): void {
  const { SOURCE_BUCKET = bucket, SOURCE_PREFIX = '', SOURCE_SUFFIX = '' } = config;
  if (bucket === SOURCE_BUCKET && key.startsWith(SOURCE_PREFIX) && key.endsWith(SOURCE_SUFFIX)) return;
  throw new ForeignSource(
    `an event of s3://${bucket}/${key}, but the source is s3://${SOURCE_BUCKET}/${SOURCE_PREFIX}*${SOURCE_SUFFIX}`,
  );
}

/** A receipt of ours is never relayed: it would have a receipt. */
export const isReceipt = (
  { RECEIPTS_BUCKET, RECEIPTS_PREFIX }: Pick<Config, 'RECEIPTS_BUCKET' | 'RECEIPTS_PREFIX'>,
  { bucket, key }: Named,
): boolean =>
  bucket === RECEIPTS_BUCKET && key.startsWith(RECEIPTS_PREFIX) && /\/[0-9a-f]{40}\.json$/.test(key);
