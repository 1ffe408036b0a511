import type { Config } from '../config.ts';
import { reads, writes } from '../transfer/reach.ts';
import { Declined } from './declined.ts';

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
