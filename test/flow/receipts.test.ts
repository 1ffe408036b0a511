import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import { wire } from '../../shared/wiring/wiring.ts';
import { runCommand, runHere } from '../kit/command.ts';
import { type EventBed, openEventBed } from '../kit/event-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';

const BUCKET = 'receipts-bucket';
let bed: EventBed;
let receiptsAt: Awaited<ReturnType<typeof startFauxqs>>;
let s3: S3Client;

beforeAll(async () => {
  receiptsAt = await startFauxqs({ port: 0, logger: false });
  receiptsAt.createBucket(BUCKET);
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  s3 = new S3Client({ endpoint: receiptsAt.address, region: 'us-east-1', forcePathStyle: true, credentials });
  bed = await openEventBed();
  // objects come from the bed's own S3, receipts go to one that can be written to
  const { receipts } = wire({ ...bed.services.config, RECEIPTS_BUCKET: BUCKET }, { s3 });
  Object.assign(bed.services, { receipts });
});
afterAll(async () => {
  await bed.close();
  s3.destroy();
  await receiptsAt.stop();
});

async function receiptsOf(key: string): Promise<Receipt[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const all = await Promise.all(
    Contents.map(async ({ Key }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      return { Key, receipt: JSON.parse((await Body?.transformToString()) ?? '{}') as Receipt };
    }),
  );
  const mine = all.filter(({ receipt }) => receipt.source.key === key);
  for (const { Key, receipt } of mine) {
    const day = new Date(receipt.storedAt).toISOString().slice(0, 10);
    expect(Key).toBe(`receipts/${day}/${receipt.transferId}.json`);
  }
  return mine.map(({ receipt }) => receipt);
}

test.each([
  ['small', 10_000],
  ['sliced', 700_000],
])('the receipt of a %s object lies in the table and in the bucket', async (key, size) => {
  const object = await bed.put(key, bytesOf(key, size));

  await bed.announce(object);
  await bed.machine.idle();

  const transfer = await bed.transferOf(object);
  if (transfer?.state !== 'stored') throw new Error(`it is ${transfer?.state}`);
  expect(await receiptsOf(key)).toEqual([transfer.receipt]);
});

/** A bucket that refuses so often, then takes receipts again. */
function breakShelf(times: number): void {
  const { receipts } = bed.services;
  let left = times;
  const put: NonNullable<typeof receipts>['put'] = async (...given) => {
    left -= 1;
    if (left >= 0) throw new Error('the bucket is out of reach');
    Object.assign(bed.services, { receipts });
    await receipts?.put(...given);
  };
  Object.assign(bed.services, { receipts: { put } });
}

test('a receipt that cannot be written is tried again, and the object stays stored', async () => {
  const [large, small] = [
    await bed.put('retry-large', bytesOf('l', 700_000)),
    await bed.put('retry-small', 'small'),
  ];

  breakShelf(2);
  await bed.announce(large);
  await bed.machine.idle();
  breakShelf(1);
  const first = await bed.announce(small).catch((error: Error) => error.message);
  const between = await bed.transferOf(small);
  await bed.announce(small);

  expect(await receiptsOf('retry-large')).toHaveLength(1);
  expect(first).toContain('its receipt was not written');
  expect(between?.state).toBe('stored');
  expect(await receiptsOf('retry-small')).toHaveLength(1);
  expect(bed.ops('retry-small').filter((op) => op === 'upload')).toHaveLength(1);
});

test('an execution whose receipt is never written does not end green', async () => {
  const object = await bed.put('never-written', bytesOf('n', 700_000));
  breakShelf(1_000);

  await bed.announce(object);
  await bed.machine.idle();

  const executions = [...bed.machine.executions.values()];
  const ended = await executions.at(-1)?.ended;
  expect(ended?.status).toBe('failed');
  expect((await bed.transferOf(object))?.state).toBe('stored');
});

test('npm run receipts prints a table, CSV or JSON, and leaves stdout to them', async () => {
  const dir = await tempDir('receipts');
  const kept = await openEventBed({ volatileTable: false, dataDir: dir.path });
  await kept.announce(await kept.put('one, "two".bin', 'comma'));
  await kept
    .deliver(objectCreatedEvent({ bucket: 'source', key: 'bad//key', size: 1, etag: 'e', sequencer: '01' }))
    .catch(() => undefined);
  await kept.stop();
  const run = (...args: string[]) => runHere('tools/receipts.ts', ['--data', dir.path, ...args]);

  const table = await runCommand('tools/receipts.ts', ['--data', dir.path]);
  const csv = await run('--local', '--since', '1h', '--csv', '--state', 'stored', '--state', 'failed');
  const json = await run('--local', '--since', '1h', '--json');

  expect(table.stdout).toContain('cos://gz/relay/one, "two".bin');
  expect(table.stderr).toMatch(/1 transfer since 20.*; --since 30d shows older ones/);
  const lines = csv.stdout.split('\r\n');
  expect(lines[0]).toBe(
    'at,state,how,source,target,bytes,slices,resent,proof,seconds,transfer,reason,dollars',
  );
  expect(lines[1]).toContain('"s3://source/one, ""two"".bin"');
  expect(Number(lines[1]?.split(',').at(-1))).toBeGreaterThan(0);
  expect(lines[2]).toMatch(/,failed,.*COS cannot hold a file named/);
  expect(JSON.parse(json.stdout)).toMatchObject({ how: 'direct', bytes: { total: 5 } });
  expect([table.code, csv.code, json.code]).toEqual([0, 0, 0]);
  await dir.remove();
});

test.each<[args: string[], code: number, said: RegExp, env?: Record<string, string>]>([
  [['--help'], 0, /Usage: npm run receipts/],
  [['--data', '/nowhere/at/all'], 2, /no relay has run in .nowhere.at.all yet: npm start begins one/],
  [['--since', 'yesterday'], 2, /neither a date such as/],
  [['--since', '1h', '--state', 'gone'], 2, /--state gone is none of/],
  [['--since', '1h', '--csv', '--json'], 2, /either --csv or --json/],
  [['--since', '1h'], 2, /COS_REGION: is not set/, { TABLE_NAME: 'relay' }],
])('npm run receipts %j ends with %i', async (args, code, said, env = {}) => {
  const ended = await runHere('tools/receipts.ts', args, { env });

  expect(ended.stdout + ended.stderr).toMatch(said);
  expect(ended.code).toBe(code);
});

test.each([
  [['--help'], 0, /Usage: npm run redrive/],
  [[], 2, /set EVENTS_QUEUE_URL/],
  [['--id'], 2, /--id/],
])('npm run redrive %j ends with %i', async (args, code, said) => {
  const ended = await runHere('tools/redrive.ts', args);

  expect(ended.stdout + ended.stderr).toMatch(said);
  expect(ended.code).toBe(code);
});

test('npm run redrive --local begins what failed again and waits for it', async () => {
  const dir = await tempDir('redrive');
  const kept = await openEventBed({ volatileTable: false, dataDir: dir.path });
  kept.cos?.inject({ op: 'upload_slice_finish', times: 1, act: { kind: 'status', status: 403, code: -61 } });
  kept.cos?.inject({ op: 'upload_slice_init', times: 1, act: { kind: 'status', status: 403, code: -61 } });
  const object = await kept.put('again.bin', bytesOf('again', 700_000));
  await kept.announce(object);
  await kept.machine.idle();
  expect((await kept.transferOf(object))?.state).toBe('failed');
  await kept.stop();

  const { stderr, code } = await runCommand('tools/redrive.ts', [
    '--local',
    '--data',
    dir.path,
    '--since',
    '1h',
  ]);

  expect(stderr).toMatch(/begins again after CosRefused/);
  expect(code).toBe(0);
  const after = await openEventBed({ volatileTable: false, dataDir: dir.path });
  expect((await after.transferOf(object))?.state).toBe('stored');
  await after.close();
  await dir.remove();
});
