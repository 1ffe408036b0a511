import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkDigests } from '../../shared/api/check-digests.ts';

const content = Buffer.from('a slice');
const of = (algorithm: string, bytes: Uint8Array = content) => hash(algorithm, bytes, 'base64');

test.each([
  { digest: 'constructor=x' },
  { digest: `SHA-256=${of('sha256')},toString=x` },
  { 'content-digest': `sha-256=:${of('sha256')}:;x=1` },
  { 'content-digest': `sha-256=:${of('sha256')}:;x="a, b", unknown=:AAAA:` },
  { 'content-digest': 'constructor=:AAAA:' },
])('%j is taken (A8)', (headers) => {
  expect(() => checkDigests(headers, content)).not.toThrow();
});

test.each([
  [{ digest: `SHA-256=${of('sha256', Buffer.from('other'))}` }, 'another sha-256'],
  [{ 'content-digest': `sha-512=:${of('sha512', Buffer.from('other'))}:;x=1` }, 'another sha-512'],
  [{ 'content-digest': `sha-256=${of('sha256')}` }, 'content-digest'],
  [{ 'content-digest': 'sha-256="text"' }, 'is not readable'],
  [{ 'content-digest': 'sha-256=:AAAA:' }, 'must be a sha-256'],
  [{ digest: 'sha-256' }, 'is not readable'],
] as const)('%j is refused', (headers, why) => {
  expect(() => checkDigests(headers, content)).toThrow(why);
});
