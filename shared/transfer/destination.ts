import type { Config } from '../config.ts';
import type { CosTarget } from '../cos/target.ts';
import { BadConfig } from '../errors.ts';
import type { TransferOptions } from '../records/transfer-options.ts';

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

export type Destination = { readonly target: CosTarget; readonly options: TransferOptions };

/**
 * Where an object goes: the template with `{key}`, `{basename}` or `{prefix:from→to}` filled in. `{prefix:a/→b/}` is the
 * key with a leading `a/` replaced by `b/`, or the key itself if it does not start so. Throws BadConfig for other braces.
 */
export function targetPath(template: string, key: string): string {
  return template.replace(/\{([^{}]*)\}/g, (_, word: string) => {
    if (word === 'key') return key;
    if (word === 'basename') return key.slice(key.lastIndexOf('/') + 1);
    const [, from, to] = /^prefix:(.*)→(.*)$/.exec(word) ?? [];
    if (from === undefined || to === undefined) {
      throw new BadConfig(`TARGET_PATH: {${word}} is not {key}, {basename} or {prefix:from→to}`);
    }
    return key.startsWith(from) ? to + key.slice(from.length) : key;
  });
}
