import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SourceChanged, SourceDenied, SourceMissing, SourceUnavailable } from '../../shared/errors.ts';
import type { ObjectSource } from '../../shared/s3/object-source.ts';
import { openS3Source } from '../../shared/s3/s3-source.ts';
import { bytesOf } from '../kit/relay-bed.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';
import { startVersionedS3 } from '../kit/versioned-s3.ts';

const never = new AbortController().signal;
const SIZE = 2_000_003;
const CONTENT = bytesOf('object', SIZE);

type Place = {
  readonly s3: S3Client;
  readonly bucket: string;
  put(key: string, content: Uint8Array): Promise<unknown>;
};

async function read(source: ObjectSource, ...given: Parameters<ObjectSource['read']>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of source.read(...given)) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

function objectSourceSuite(name: string, place: () => Promise<Place>): void {
  describe(`ObjectSource: ${name}`, () => {
    const opened = async (key: string) => {
      const { s3, put, bucket } = await place();
      const policy = { attempts: 3, baseMs: 1, capMs: 2, budgetMs: 100 };
      const source = openS3Source({ s3, policy, idleTimeoutMs: 500, random: Math.random });
      onTestFinished(() => source.close());
      await put(key, CONTENT);
      return { source, put, ref: { bucket, key } };
    };

    test.each([
      [0, SIZE],
      [0, 1],
      [SIZE - 1, 1],
      [1_000_000, 524_288],
    ])('bytes from %i, %i of them, are those of the object', async (offset, length) => {
      const { source, ref } = await opened('object');
      const { object } = await source.pin(ref, never);

      const bytes = await read(source, object, { offset, length }, never);

      expect(bytes.equals(CONTENT.subarray(offset, offset + length))).toBe(true);
      expect(object).toMatchObject({ size: SIZE, etag: expect.not.stringContaining('"') });
    });

    test('a pinned object that was overwritten is SourceChanged, to HEAD and to GET', async () => {
      const { source, put, ref } = await opened('overwritten');
      const { object } = await source.pin(ref, never);
      await put('overwritten', bytesOf('another', SIZE));

      await expect(source.pin({ ...ref, etag: object.etag }, never)).rejects.toThrow(SourceChanged);
      await expect(read(source, object, { offset: 0, length: 10 }, never)).rejects.toThrow(SourceChanged);
    });

    test('one request tells what HEAD and GET do of an object that is as it was told of, and is SourceChanged else', async () => {
      const { source, put, ref } = await opened('told');
      const { object, metadata } = await source.pin(ref, never);
      const told = { ...ref, etag: object.etag, size: SIZE };

      const fetched = await source.fetch(told, never);
      const shorter = source.fetch({ ...told, size: SIZE - 1 }, never);
      await expect(shorter).rejects.toThrow(SourceChanged);
      await expect(source.fetch({ ...told, size: SIZE + 1 }, never)).rejects.toThrow(SourceChanged);
      await expect(source.fetch({ ...told, key: 'not there' }, never)).rejects.toThrow(SourceMissing);
      await put('told', bytesOf('another', SIZE));
      await expect(source.fetch(told, never)).rejects.toThrow(SourceChanged);

      expect(Buffer.from(fetched.content).equals(CONTENT)).toBe(true);
      expect(fetched.object).toMatchObject({
        etag: object.etag,
        size: SIZE,
        lastModified: object.lastModified,
      });
      expect(fetched.metadata).toEqual(metadata);
    });

    test('an object that is not there is SourceMissing, to HEAD and to GET', async () => {
      const { source, ref } = await opened('there');
      const { object } = await source.pin(ref, never);
      const gone = { ...ref, key: 'not there' };

      await expect(source.pin(gone, never)).rejects.toThrow(SourceMissing);
      const range = { offset: 0, length: 10 };
      await expect(read(source, { ...object, key: 'not there' }, range, never)).rejects.toThrow(
        SourceMissing,
      );
    });
  });
}

objectSourceSuite('the endpoint over a folder', async () => {
  const { client, put } = await s3Bed();
  return { s3: client, put, bucket: BUCKET };
});

let server: Awaited<ReturnType<typeof startFauxqs>>;
let client: S3Client;
beforeAll(async () => {
  server = await startFauxqs({ port: 0, logger: false });
  server.createBucket('plain');
  client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

objectSourceSuite('fauxqs', async () => ({
  s3: client,
  bucket: 'plain',
  put: (Key, Body) => client.send(new PutObjectCommand({ Bucket: 'plain', Key, Body })),
}));

describe('an S3 that refuses', () => {
  const refusing = async (status: number, code: string) => {
    const bed = await s3Bed({ faults: [{ act: { kind: 'status', status, code } }] });
    const policy = { attempts: 2, baseMs: 1, capMs: 2, budgetMs: 100 };
    const source = openS3Source({ s3: bed.client, policy, idleTimeoutMs: 300, random: Math.random });
    onTestFinished(() => source.close());
    return source;
  };
  const object = { bucket: BUCKET, key: 'ten', etag: 'any', size: 10, lastModified: 0 };

  test.each([
    [403, 'AccessDenied', SourceDenied],
    [503, 'SlowDown', SourceUnavailable],
    [500, 'InternalError', SourceUnavailable],
  ])('HTTP %i (%s) has a name', async (status, code, name) => {
    const source = await refusing(status, code);

    await expect(source.pin(object, never)).rejects.toThrow(name);
    await expect(read(source, object, { offset: 0, length: 10 }, never)).rejects.toThrow(name);
  });

  test('a HEAD that is never answered is SourceUnavailable', async () => {
    const bed = await s3Bed({ faults: [{ op: 'head', act: { kind: 'stall' } }] });
    const policy = { attempts: 2, baseMs: 1, capMs: 2, budgetMs: 100 };
    const source = openS3Source({ s3: bed.client, policy, idleTimeoutMs: 100, random: Math.random });
    onTestFinished(() => source.close());

    await expect(source.pin(object, never)).rejects.toThrow(SourceUnavailable);
  });
});

test('an older version is read by its versionId, whatever came after it', async () => {
  const versioned = await startVersionedS3('versions');
  versioned.put('k', Buffer.from('first'), { versioned: true });
  const s3 = new S3Client({
    endpoint: versioned.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const policy = { attempts: 2, baseMs: 1, capMs: 2, budgetMs: 100 };
  const source = openS3Source({ s3, policy, idleTimeoutMs: 500, random: Math.random });
  onTestFinished(async () => {
    await source.close();
    s3.destroy();
    await versioned.close();
  });
  const { object } = await source.pin({ bucket: 'versions', key: 'k' }, never);
  versioned.put('k', Buffer.from('second'), { versioned: true });

  const again = await source.pin(object, never);
  const told = await source.fetch(object, never);
  const ofAnother = source.fetch({ ...object, versionId: undefined }, never);
  await expect(ofAnother).rejects.toThrow(SourceChanged);
  const bytes = await read(source, object, { offset: 0, length: object.size }, never);

  expect(object.versionId).toBeDefined();
  expect(again.object).toEqual(object);
  expect(bytes.toString()).toBe('first');
  expect(Buffer.from(told.content).toString()).toBe('first');
});
