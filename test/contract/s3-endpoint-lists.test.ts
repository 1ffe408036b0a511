import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

const Bucket = BUCKET;

describe('S3 endpoint: lists and refusals', () => {
  test('a list goes in byte order and on where it stopped', async () => {
    const { client, put } = await s3Bed();
    const keys = ['a', 'a b', 'a-', 'dir/b', 'é', '\u{1F600}', '\uFFFD', 'ten'];
    for (const key of keys) await put(key, key);

    const pages: string[][] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 3 }, { Bucket })) {
      pages.push(page.Contents?.map(({ Key }) => Key ?? '') ?? []);
    }

    expect(pages.map(({ length }) => length)).toEqual([3, 3, 2]);
    expect(pages.flat()).toEqual(
      keys.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
    );
    expect(
      (await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a', StartAfter: 'a b' }))).KeyCount,
    ).toBe(1);
    expect((await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).IsTruncated).toBe(false);
  });

  test('dot files and folders are no objects', async () => {
    const { root, client, raw } = await s3Bed();
    await mkdir(join(root, Bucket, 'folder'));
    await writeFile(join(root, Bucket, '.DS_Store'), 'x');

    const list = await client.send(new ListObjectsV2Command({ Bucket }));

    expect(list.Contents?.map(({ Key }) => Key)).toEqual(['ten']);
    expect(await raw('folder')).toMatchObject({ status: 404 });
    expect(await raw('.DS_Store')).toMatchObject({ status: 404 });
  });

  test('what is not there is refused as S3 does', async () => {
    const { client, raw } = await s3Bed();

    const nameOf = (failed: Promise<unknown>) => failed.catch((error: Error) => error.name);
    expect(await nameOf(client.send(new GetObjectCommand({ Bucket, Key: 'no' })))).toBe('NoSuchKey');
    expect(await nameOf(client.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'x' })))).toBe(
      'NoSuchBucket',
    );
    expect(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key: 'no' })))).toBe('NotFound');
    const { headers, body } = await raw('no');
    expect(body).toContain(`<RequestId>${headers['x-amz-request-id']}</RequestId>`);
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toMatchObject([{ Name: Bucket }]);
  });

  test('what only writes or asks more is not implemented', async () => {
    const { client, raw } = await s3Bed();

    const put = new PutObjectCommand({ Bucket, Key: 'x', Body: 'x'.repeat(100_000) });
    await expect(client.send(put)).rejects.toMatchObject({ name: 'NotImplemented' });
    const acl = new GetObjectAclCommand({ Bucket, Key: 'ten' });
    await expect(client.send(acl)).rejects.toMatchObject({ name: 'NotImplemented' });
    expect(await raw('?list-type=2&delimiter=/')).toMatchObject({ status: 501 });
  });

  test.skipIf(process.getuid?.() === 0)('an unreadable file is AccessDenied', async () => {
    const { root, raw } = await s3Bed();
    await writeFile(join(root, Bucket, 'shut'), 'x', { mode: 0 });

    expect(await raw('shut')).toMatchObject({ status: 403 });
  });
});
