import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

const Bucket = BUCKET;

describe('S3 endpoint: reading', () => {
  test('HEAD and GET tell size, type, date and one quoted ETag', async () => {
    const { client, put } = await s3Bed();
    await put('film.mp4', 'moving');

    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'film.mp4' }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'film.mp4' }));

    expect(head).toMatchObject({ ContentLength: 6, ContentType: 'video/mp4', AcceptRanges: 'bytes' });
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(Math.abs(Date.now() - (head.LastModified?.getTime() ?? 0))).toBeLessThan(10_000);
    expect(got.ETag).toBe(head.ETag);
    expect(await got.Body?.transformToString()).toBe('moving');
  });

  test.each([
    ['bytes=2-4', 206, 'bytes 2-4/10', '234'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-2', 206, 'bytes 8-9/10', '89'],
    ['bytes=-99', 206, 'bytes 0-9/10', '0123456789'],
    ['bytes=8-99', 206, 'bytes 8-9/10', '89'],
    ['bytes=4-2', 200, undefined, '0123456789'],
    ['bytes=0-1,4-5', 200, undefined, '0123456789'],
    ['lines=0-1', 200, undefined, '0123456789'],
  ])('the range %s is answered with %i', async (range, status, contentRange, body) => {
    const { raw } = await s3Bed();

    const answer = await raw('ten', { range });

    expect(answer).toMatchObject({ status, body });
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    'the range %s lies outside and is refused',
    async (range) => {
      const { raw } = await s3Bed();

      const answer = await raw('ten', { range });

      expect(answer.status).toBe(416);
      expect(answer.headers['content-range']).toBe('bytes */10');
      expect(answer.body).toContain('<Code>InvalidRange</Code>');
    },
  );

  test('an empty object is read whole', async () => {
    const { raw, put } = await s3Bed();
    await put('empty', '');

    expect(await raw('empty')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '0' } });
    expect(await raw('empty', { range: 'bytes=0-' })).toMatchObject({ status: 416 });
  });

  test('many ranges of a large object come together again', async () => {
    const { client, put, endpoint } = await s3Bed();
    const bytes = Buffer.alloc(9 * 2 ** 20 + 7, 'the quick brown fox ');
    await put('large', bytes);
    const part = 2 ** 20 + 1;

    const parts = await Promise.all(
      Array.from({ length: Math.ceil(bytes.length / part) }, async (_, index) => {
        const Range = `bytes=${index * part}-${(index + 1) * part - 1}`;
        const got = await client.send(new GetObjectCommand({ Bucket, Key: 'large', Range }));
        return got.Body?.transformToByteArray() ?? new Uint8Array();
      }),
    );

    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(endpoint.log.reduce((sum, entry) => sum + entry.bytes, 0)).toBe(bytes.length);
    expect(endpoint.log[1]).toMatchObject({ op: 'get', key: 'large', status: 206, range: { length: part } });
  });

  test('presigned URLs work, in HEAD and GET', async () => {
    const { client, put } = await s3Bed();
    await put('a b+c.txt', 'signed');
    const url = await getSignedUrl(
      client,
      new GetObjectCommand({ Bucket, Key: 'a b+c.txt', ResponseContentType: 'text/x' }),
    );

    const got = await request(url);

    expect(got.headers['content-type']).toBe('text/x');
    expect(await got.body.text()).toBe('signed');
  });

  test('metadata, headers and the SHA-1 come from beside the object, and end with it', async () => {
    const { root, client, put } = await s3Bed();
    const checksumSHA1 = 'qvTGHdzF6KLavt4PO0gs2a6pQ00='; // of "hello"
    const metadata = { owner: '王', plain: 'yes' };
    await putFile(
      root,
      {
        bucket: Bucket,
        key: 'p',
        properties: {
          contentType: 'a/b',
          contentDisposition: '名',
          metadata,
          checksumSHA1,
        },
      },
      'hello',
    );

    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'p', ChecksumMode: 'ENABLED' }));
    const whole = await client.send(new GetObjectCommand({ Bucket, Key: 'p', ChecksumMode: 'ENABLED' }));
    const part = await client.send(new GetObjectCommand({ Bucket, Key: 'p', Range: 'bytes=1-2' }));

    expect(head).toMatchObject({
      ContentType: 'a/b',
      ChecksumSHA1: checksumSHA1,
      ChecksumType: 'FULL_OBJECT',
    });
    expect(head.Metadata).toEqual({ owner: '=?UTF-8?B?546L?=', plain: 'yes' });
    expect(await whole.Body?.transformToString()).toBe('hello'); // the SDK compares the checksum
    expect(part.ChecksumSHA1).toBeUndefined();
    await put('p', 'other');
    const after = await client.send(new HeadObjectCommand({ Bucket, Key: 'p', ChecksumMode: 'ENABLED' }));
    expect(after).toMatchObject({ ContentType: 'binary/octet-stream', Metadata: {} });
  });

  test('a file from elsewhere on the disk is served without a copy', async () => {
    const { root, client, endpoint } = await s3Bed();
    const path = join(root, 'elsewhere.bin');
    await writeFile(path, 'far away');

    endpoint.map('mapped', '深/far', path);

    const got = await client.send(new GetObjectCommand({ Bucket: 'mapped', Key: '深/far' }));
    expect(await got.Body?.transformToString()).toBe('far away');
    const list = await client.send(new ListObjectsV2Command({ Bucket: 'mapped' }));
    expect(list.Contents).toMatchObject([{ Key: '深/far', Size: 8, ETag: got.ETag }]);
    await client.send(new HeadBucketCommand({ Bucket: 'mapped' }));
  });
});
