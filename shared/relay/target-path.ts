import { BadConfig } from '../errors.ts';

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
