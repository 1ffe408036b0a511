import type { Config } from '../config.ts';
import type { TransferOptions } from '../session/transfer-options.ts';
import type { Destination } from './object-arrived.ts';
import { targetPath } from './target-path.ts';

/** Where an object of this key goes by configuration, and under which policies. */
export const destinationOf = (config: Config, key: string): Destination => ({
  target: {
    region: config.COS_REGION,
    appId: config.COS_APP_ID,
    bucket: config.COS_BUCKET,
    path: targetPath(config.TARGET_PATH, key),
  },
  options: optionsOf(config),
});

const optionsOf = (config: Config): TransferOptions => ({
  onExisting: config.ON_EXISTING,
  onForeignUpload: config.ON_FOREIGN_UPLOAD,
  trustListed: config.TRUST_LISTED,
  integrity: config.INTEGRITY,
  sliceSize: config.SLICE_SIZE,
});
