import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { NONCE_MAX, sign, signMultiEffect, signSingleEffect } from '../../shared/cos/signature.ts';
import { encodePath, fileId, requestPath } from '../../shared/cos/target.ts';
import vectors from '../vectors/signature.json' with { type: 'json' };

test.each(vectors.cases)('the vector "$name" is signed as published', ({ plain_text, authorization }) => {
  const credentials = { secretId: 'unused', secretKey: vectors.secret_key };

  expect(sign(credentials, plain_text)).toBe(authorization);
});

const names = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => text.isWellFormed());
const targets = fc.record({
  region: fc.constant('gz'),
  appId: fc.stringMatching(/^[0-9]{5,12}$/),
  bucket: fc.stringMatching(/^[a-z0-9]{3,20}$/),
  path: names,
});
const keys = fc.record({
  secretId: fc.stringMatching(/^[A-Za-z0-9]{5,40}$/),
  secretKey: fc.string({ minLength: 1 }),
});
const moments = fc.record({ now: fc.nat(4_000_000_000), nonce: fc.nat(NONCE_MAX) });

/** What a server reads out of a signature: its fields by name, if the digest is right. */
function read(authorization: string, secretKey: string): URLSearchParams | undefined {
  const bytes = Buffer.from(authorization, 'base64');
  const text = bytes.subarray(20).toString();
  const digest = createHmac('sha1', secretKey).update(text).digest();
  if (!digest.equals(bytes.subarray(0, 20))) return undefined;
  return new URLSearchParams(text.replaceAll('%', '%25').replaceAll('+', '%2B')); // fields are not encoded again
}

test('a server that knows the key reads out every field that was signed', () => {
  fc.assert(
    fc.property(keys, targets, moments, (credentials, target, moment) => {
      const many = read(signMultiEffect(credentials, target, moment), credentials.secretKey);
      const once = read(signSingleEffect(credentials, target, moment), credentials.secretKey);

      for (const fields of [many, once]) {
        expect(fields?.get('a')).toBe(target.appId);
        expect(fields?.get('b')).toBe(target.bucket);
        expect(fields?.get('k')).toBe(credentials.secretId);
        expect(fields?.get('t')).toBe(String(moment.now));
        expect(fields?.get('r')).toBe(String(moment.nonce));
        expect(fields?.get('f')).toBe(fileId(target));
      }
      expect(once?.get('e')).toBe('0');
      expect(Number(many?.get('e'))).toBeGreaterThan(moment.now);
      expect(Number(many?.get('e'))).toBeLessThanOrEqual(moment.now + 90 * 86_400);
    }),
  );
});

test('the path of the URL and the file id of the signature are one text of unreserved characters', () => {
  fc.assert(
    fc.property(targets, (target) => {
      expect(requestPath(target)).toBe(`/files/v2${fileId(target)}`);
      expect(encodePath(target.path)).toMatch(/^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encodePath(target.path))).toBe(target.path);
    }),
  );
});
