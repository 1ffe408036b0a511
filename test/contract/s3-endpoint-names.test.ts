import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { ODD_KEYS } from '../kit/odd-keys.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

const Bucket = BUCKET;

describe('S3 endpoint: names', () => {
  test.each(ODD_KEYS.map((key) => [JSON.stringify(key).slice(0, 50), key]))(
    'the key %s is stored, read and listed',
    async (_, key) => {
      const { client, put } = await s3Bed();
      await put(key, `content of ${key}`);

      const got = await client.send(new GetObjectCommand({ Bucket, Key: key }));
      const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: key }));
      const encoded = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: key, EncodingType: 'url' }),
      );

      expect(await got.Body?.transformToString()).toBe(`content of ${key}`);
      expect(decodeURIComponent(encoded.Contents?.[0]?.Key ?? '')).toBe(key);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML cannot name them; ask for encoding-type=url then
      if (!/[\0-\x1f\ufffe\uffff]/.test(key)) expect(list.Contents?.[0]?.Key).toBe(key);
    },
  );

  test('a path is decoded once, and a plus stays a plus', async () => {
    const { raw, put } = await s3Bed();
    await put('a+b%2Bc', 'odd');

    expect(await raw('a+b%252Bc')).toMatchObject({ status: 200, body: 'odd' });
    expect(await raw('a%2Bb%252Bc')).toMatchObject({ status: 200, body: 'odd' });
    expect(await raw('a%20b%252Bc')).toMatchObject({ status: 404 });
    expect(await raw('%zz')).toMatchObject({ status: 400 });
  });

  test('no path leads out of the bucket', async () => {
    const { raw, root } = await s3Bed();
    await writeFile(join(root, 'secret'), 'secret');

    for (const path of ['../secret', '%2e%2e/secret', '..%2Fsecret', 'x/../../secret', '.', '%00']) {
      expect(await raw(path)).toMatchObject({ status: 404 });
    }
  });

  test('a key over 1024 bytes is refused', async () => {
    const { raw } = await s3Bed();

    expect((await raw('x'.repeat(1025))).body).toContain('<Code>KeyTooLongError</Code>');
  });
});
