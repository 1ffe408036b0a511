import { open } from 'node:fs/promises';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { objectPath } from '../../local/s3/folder/object-path.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

const Bucket = BUCKET;

describe('S3 endpoint: versions', () => {
  test('a replaced object gets another ETag, and the old one opens it no more', async () => {
    const { client, put } = await s3Bed();
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'ten' }));
    await put('ten', '9876543210');

    const read = client.send(new GetObjectCommand({ Bucket, Key: 'ten', IfMatch: ETag }));

    await expect(read).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
  });

  test('the conditions of RFC 9110 hold, an ETag before a date', async () => {
    const { raw } = await s3Bed();
    const { etag } = (await raw('ten', {}, 'HEAD')).headers as { etag: string };
    const past = new Date(0).toUTCString();
    const future = new Date(Date.now() + 60_000).toUTCString();

    const status = async (headers: Record<string, string>) => (await raw('ten', headers)).status;

    expect(await status({ 'if-match': etag })).toBe(200);
    expect(await status({ 'if-match': '*', range: 'bytes=0-1' })).toBe(206);
    expect(await status({ 'if-match': '"other"' })).toBe(412);
    expect(await status({ 'if-match': etag, 'if-unmodified-since': past })).toBe(200);
    expect(await status({ 'if-unmodified-since': past })).toBe(412);
    expect(await status({ 'if-none-match': etag })).toBe(304);
    expect(await status({ 'if-none-match': '"other"', 'if-modified-since': future })).toBe(200);
    expect(await status({ 'if-modified-since': future })).toBe(304);
  });

  test('an answer under way stays whole when the object is replaced', async () => {
    const { client, put } = await s3Bed();
    const old = Buffer.alloc(24 * 2 ** 20, 'old');
    await put('big', old);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'big' }));

    await put('big', Buffer.alloc(old.length, 'new'));

    expect(old.equals((await got.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true);
  });

  test('an answer under way breaks off when its file is written to', async () => {
    const { root, client, put } = await s3Bed();
    await put('big', Buffer.alloc(24 * 2 ** 20, 'old'));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'big' }));

    const file = await open(objectPath(root, Bucket, 'big'), 'r+');
    await file.write(Buffer.alloc(2 ** 20, 'new'), 0, 2 ** 20, 20 * 2 ** 20);
    await file.close();

    const outcome = await got.Body?.transformToByteArray().then(
      () => 'mixed',
      () => 'broken off',
    );
    expect(outcome).toBe('broken off');
  });

  test('only the null version exists', async () => {
    const { client } = await s3Bed();

    await client.send(new GetObjectCommand({ Bucket, Key: 'ten', VersionId: 'null' }));
    const other = client.send(new GetObjectCommand({ Bucket, Key: 'ten', VersionId: 'L4kq' }));

    await expect(other).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });
});
