import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { S3Fault } from '../../local/s3/faults.ts';
import { SourceChanged, SourceMissing, SourceUnavailable } from '../../shared/errors.ts';
import { openRangeConnection } from '../../shared/s3/range-connection.ts';
import { openS3Source } from '../../shared/s3/s3-source.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

const SIZE = 3_000_001;
const CONTENT = randomBytes(SIZE);
const never = new AbortController().signal;

async function sourceOf(faults: readonly S3Fault[] = []) {
  const bed = await s3Bed({ faults });
  const { etag } = await bed.put('object', CONTENT);
  const policy = { attempts: 4, baseMs: 1, capMs: 5, budgetMs: 1_000 };
  const source = openS3Source({ s3: bed.client, policy, idleTimeoutMs: 300, random: Math.random });
  onTestFinished(() => source.close());
  const object = { bucket: BUCKET, key: 'object', etag, size: SIZE, lastModified: 0 };
  return { ...bed, source, object };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

test('a range arrives whole, in chunks of the source or in the memory of the reader', async () => {
  const { source, object } = await sourceOf();
  const range = { offset: 7, length: 2_000_000 };
  const memory = Buffer.alloc(300_000);

  const own = await collect(source.read(object, range, never));
  const given = await collect(
    source.read(object, range, never, (left) => memory.subarray(0, Math.min(left, memory.length))),
  );

  const expected = CONTENT.subarray(7, 2_000_007);
  expect(own.equals(expected)).toBe(true);
  expect(given.equals(expected)).toBe(true);
});

test('a read that breaks twice goes on at the byte where it broke', async () => {
  const { source, object, endpoint } = await sourceOf([
    { op: 'get', times: 2, act: { kind: 'truncate', bytes: 700_001 } },
  ]);

  const read = await collect(source.read(object, { offset: 0, length: SIZE }, never));

  expect(read.equals(CONTENT)).toBe(true);
  const offsets = endpoint.log.map((entry) => entry.range?.offset);
  expect(offsets).toHaveLength(3);
  expect(offsets[1]).toBeGreaterThan(0);
  expect(offsets[2]).toBeGreaterThan(offsets[1] ?? SIZE);
});

test('a body that falls silent, a reset and an error of the server are waited out', async () => {
  const { source, object } = await sourceOf([
    { op: 'get', times: 1, act: { kind: 'stall-body' } },
    { op: 'get', times: 1, act: { kind: 'reset' } },
    { op: 'get', times: 1, act: { kind: 'status', status: 503, code: 'SlowDown' } },
  ]);

  const read = await collect(source.read(object, { offset: 0, length: SIZE }, never));

  expect(read.equals(CONTENT)).toBe(true);
});

test('a reader that takes its time is not mistaken for a silent server', async () => {
  const { source, object } = await sourceOf();
  let seen = 0;

  for await (const chunk of source.read(object, { offset: 0, length: SIZE }, never)) {
    if (seen === 0) await sleep(700);
    seen += chunk.length;
  }

  expect(seen).toBe(SIZE);
});

test('one connection carries one range after the other', async () => {
  const { source, object, endpoint } = await sourceOf();

  for (let offset = 0; offset < 1_000; offset += 100) {
    const read = await collect(source.read(object, { offset, length: 100 }, never));
    expect(read.equals(CONTENT.subarray(offset, offset + 100))).toBe(true);
  }

  expect(endpoint.log).toHaveLength(10);
});

test('another version, no object and lasting trouble have names', async () => {
  const { source, object } = await sourceOf();
  const broken = await sourceOf([{ op: 'get', act: { kind: 'status', status: 500, code: 'InternalError' } }]);
  const range = { offset: 0, length: 10 };

  await expect(collect(source.read({ ...object, etag: 'other' }, range, never))).rejects.toThrow(
    SourceChanged,
  );
  await expect(collect(source.read({ ...object, key: 'none' }, range, never))).rejects.toThrow(SourceMissing);
  await expect(collect(broken.source.read(broken.object, range, never))).rejects.toThrow(SourceUnavailable);
});

test('a read ends at once when its signal fires', async () => {
  const { source, object } = await sourceOf([{ op: 'get', act: { kind: 'stall' } }]);
  const stop = new AbortController();

  const reading = collect(source.read(object, { offset: 0, length: SIZE }, stop.signal));
  setTimeout(() => stop.abort(new Error('enough')), 50);

  await expect(reading).rejects.toThrow('enough');
});

test('a connection whose server says more than was asked for carries nothing further', async () => {
  const server = createServer((socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabcdef'));
    socket.on('error', () => undefined); // the client hangs up
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const line = openRangeConnection(new URL(`http://127.0.0.1:${port}`), 1_000);
  const memory = Buffer.alloc(3);

  await line.get('/', {});
  await line.fill(memory);

  expect(memory.toString()).toBe('abc');
  expect(line.free).toBe(false);
  line.cut();
});
