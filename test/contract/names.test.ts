import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CosEndpoint } from '../../local/cos/endpoint.ts';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import { signMultiEffect } from '../../shared/cos/signature.ts';
import { encodePath, pathProblem, requestPath } from '../../shared/cos/target.ts';
import { targetPath } from '../../shared/transfer/destination.ts';
import { targetOf } from '../kit/event-bed.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { ODD_KEYS } from '../kit/odd-keys.ts';
import { outsider, sha1 } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';

const segment = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .filter((text) => pathProblem(text) === undefined && !text.includes('/'));
const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));
const oddPath = fc.oneof(
  path,
  fc.constantFrom(...ODD_KEYS).filter((key) => pathProblem(key) === undefined),
);

describe('names', () => {
  test("the URL's path and the signature's fileid are one text, which decodes to the name", () => {
    fc.assert(
      fc.property(oddPath, (name) => {
        const target = targetOf(name);
        const signed = signMultiEffect({ secretId: 'id', secretKey: 'key' }, target, { now: 1, nonce: 1 });
        const text = Buffer.from(signed, 'base64').subarray(20).toString();

        expect(`/files/v2${text.split('&f=')[1]}`).toBe(requestPath(target));
        expect(encodePath(name)).toMatch(/^[A-Za-z0-9\-._~%/]*$/);
        expect(decodeURIComponent(encodePath(name))).toBe(name);
      }),
    );
  });

  test.each([
    ['{key}', 'a/b c.txt', 'a/b c.txt'],
    ['{basename}', 'a/b c.txt', 'b c.txt'],
    ['cn/{key}', '$&/{key}', 'cn/$&/{key}'],
    ['{prefix:in/→out/}', 'in/in/x', 'out/in/x'],
    ['{prefix:in/→}', 'in/x', 'x'],
    ['{prefix:in/→out/}', 'other/in/x', 'other/in/x'],
  ])('the template %s puts %s at %s', (template, key, expected) => {
    expect(targetPath(template, key)).toBe(expected);
  });

  test.each(['{name}', '{prefix:a}', '{}'])('the template %s is refused by name', (template) => {
    expect(() => targetPath(template, 'k')).toThrow(expect.objectContaining({ name: 'BadConfig' }));
  });

  test.each(['', 'a/', '/a', 'a//b', 'a/./b', '..', 'a\nb', '\ud800', `${'长'.repeat(700)}`])(
    '%j is no name for COS',
    (name) => {
      expect(pathProblem(name)).toEqual(expect.any(String));
    },
  );
});

describe('names, judged by an endpoint that shares no code', () => {
  let cos: CosEndpoint;
  let dir: Awaited<ReturnType<typeof tempDir>>;
  beforeAll(async () => {
    dir = await tempDir('names');
    cos = await startLocalCos(dir.path);
  });
  afterAll(async () => {
    await cos.close();
    await dir.remove();
  });

  test('any name that we send is taken, and the file lies under it', async () => {
    const client = outsider(cos);
    const content = Buffer.from('content');
    const signal = AbortSignal.timeout(60_000);

    await fc.assert(
      fc.asyncProperty(segment, async (name) => {
        const target = targetOf(name);
        const request = { content, insertOnly: false, sha1: sha1(content) };

        const uploaded = await client.upload(target, request, signal);

        expect(uploaded.kind).toBe('stored');
        expect((await cos.file(LOCAL_COS.COS_BUCKET, name))?.size).toBe(content.length);
        expect(await client.remove(target, signal)).toEqual({ kind: 'removed' }); // single-effect: the other signature
      }),
      { numRuns: 150 },
    );

    await client.close();
  });
});
