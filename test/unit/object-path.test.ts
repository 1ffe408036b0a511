import { relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfPath, objectPath } from '../../local/s3/folder/object-path.ts';
import { ODD_KEYS } from '../kit/odd-keys.ts';

const nasty = fc.constantFrom(
  '/',
  '.',
  '..',
  '%_',
  '%+',
  '%00',
  '\0',
  '\\',
  ' ',
  '长'.repeat(90),
  'x'.repeat(70),
);
const keys = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((key) => key !== '' && Buffer.byteLength(key) <= 1024);

describe('object path', () => {
  test('an ordinary key is its own path', () => {
    expect(objectPath('/root', 'bucket', 'a b/文件 (1)+%.mp4')).toBe('/root/bucket/a b/文件 (1)+%.mp4');
  });

  test('every key has a path inside its bucket, fit for a file system, and comes back from it', () => {
    const check = (key: string): void => {
      const path = relative('/root/bucket', objectPath('/root', 'bucket', key));
      const names = path.split('/');
      expect(keyOfPath(path)).toBe(key);
      expect(names.every((name) => name !== '' && !name.startsWith('.') && !name.includes('\0'))).toBe(true);
      expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(255);
    };

    for (const key of ODD_KEYS) check(key);
    fc.assert(fc.property(keys, check), { numRuns: 2_000 });
  });

  test('a path no key leads to is no object', () => {
    for (const path of ['.DS_Store', 'a/.git/b', '%_plain', '%+cut', '%_%zz', 'back\\slash']) {
      expect(keyOfPath(path)).toBeUndefined();
    }
  });
});
