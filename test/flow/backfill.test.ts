import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuse } from '../../local/cos/faults.ts';
import { putFile } from '../../local/s3/drop/drop.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { batchState } from '../../shared/backfill/carry-batch.ts';
import { settleBatch } from '../../shared/backfill/settle-batch.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { end } from '../../shared/transfer/end-transfer.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { backfill, countsOf, keysOf, openBackfillBed, REPORTS, requestOf } from '../kit/backfill-bed.ts';
import { type Bed, bytesOf, outsider, SLICE, seen, sha1, targetOf } from '../kit/relay-bed.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await openBackfillBed();
});
afterEach(() => bed.close());

const putAll = async (names: readonly string[], size = 1_000): Promise<void> => {
  for (const name of names) await bed.put(name, bytesOf(name, size));
};
const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `in/${at}.bin`);

test('what lies in a bucket is carried, small and large, and each object has its line', async () => {
  const stack = await bed.start();
  await putAll(names(25));
  await putAll(['in/large-a', 'in/large-b', 'in/large-c'], 3 * SLICE);

  const report = await backfill(bed, stack);

  expect(report.run.status).toBe('succeeded');
  expect(countsOf(report.summary)).toEqual({ stored: 28 });
  expect(keysOf(report, 'stored')).toEqual([...names(25), 'in/large-a', 'in/large-b', 'in/large-c'].sort());
  for (const name of names(25)) expect(await bed.stored(name)).toBe(sha1(bytesOf(name, 1_000)));
  expect(await bed.stored('in/large-b')).toBe(sha1(bytesOf('in/large-b', 3 * SLICE)));
  expect(report.summary.bytes).toBe(25 * 1_000 + 9 * SLICE);
}); // the first one loads the flows

test('the same backfill again sends nothing, and says so', async () => {
  const stack = await bed.start();
  await putAll(names(12));
  await putAll(['in/large'], 3 * SLICE);
  await backfill(bed, stack);
  const sent = seen(bed.cos, 'upload').length + seen(bed.cos, 'upload_slice_data').length;

  const report = await backfill(bed, stack);

  expect(countsOf(report.summary)).toEqual({ held: 13 });
  expect(seen(bed.cos, 'upload').length + seen(bed.cos, 'upload_slice_data').length).toBe(sent);
});

test('a file that COS lost is carried again, whoever carried it first', async () => {
  const stack = await bed.start();
  await putAll(['by-listing']);
  await stack.announce(await bed.put('by-event', bytesOf('by-event', 1_000)));
  await backfill(bed, stack);
  const other = outsider(bed.cos);
  for (const path of ['by-listing', 'by-event'])
    await other.remove(targetOf(path), AbortSignal.timeout(60_000));
  await other.close();

  const report = await backfill(bed, stack);

  expect(keysOf(report, 'stored')).toEqual(['by-event', 'by-listing']);
  expect(await bed.stored('by-event')).toBe(sha1(bytesOf('by-event', 1_000)));
});

test('what fails is named with its reason, the machine ends red, and the list of it carries just that', async () => {
  const stack = await bed.start();
  await putAll(names(6));
  bed.cos.inject({ ...refuse(2, 403, -5, { op: 'upload' }) });

  const report = await backfill(bed, stack);

  expect(report.run.status).toBe('failed');
  expect(countsOf(report.summary)).toEqual({ stored: 4, failed: 2 });
  expect(report.summary.failures).toMatchObject([{ error: 'CosRefused', objects: 2 }]);
  expect(report.summary.troubles).toBe(2);
  const { failed = '' } = report.summary.files;
  const again = await backfill(bed, stack, {
    source: { kind: 'lines', bucket: SOURCE_BUCKET, list: { bucket: REPORTS, key: failed } },
  });
  expect(keysOf(again, 'stored')).toEqual(keysOf(report, 'failed'));
  expect(again.run.status).toBe('succeeded');
});

test('a bucket whose every object fails ends with a report that says so, not with a green machine', async () => {
  const stack = await bed.start();
  await putAll(names(8));
  bed.cos.inject(refuse(1_000, 403, -5, { op: 'upload' }));

  const report = await backfill(bed, stack);

  expect(report.run.status).toBe('failed');
  expect(countsOf(report.summary)).toEqual({ failed: 8 });
  expect(report.lines).toHaveLength(8);
});

test('trouble that passes is tried again, and ends in no failure', async () => {
  const stack = await bed.start();
  await putAll(names(5));
  bed.cos.inject(refuse(8, 503, -71, { op: 'upload' }));

  const report = await backfill(bed, stack);

  expect(countsOf(report.summary)).toEqual({ stored: 5 });
});

test('filters leave out what they name, and the report counts it', async () => {
  const stack = await bed.start();
  await putAll(['a/keep.jpg', 'a/b/keep.jpg', 'a/leave.tmp', 'c/leave.jpg']);
  await putAll(['a/huge.jpg'], 5_000);
  const filters = { include: ['a/**'], exclude: ['*.tmp'], maxSize: 4_000 };

  const report = await backfill(bed, stack, { filters });

  expect(keysOf(report, 'stored')).toEqual(['a/b/keep.jpg', 'a/keep.jpg']);
  expect(countsOf(report.summary)).toEqual({ stored: 2, filtered: 3 });
  expect(await bed.stored('c/leave.jpg')).toBeUndefined();
});

test('a CSV, with a header or without, and an inventory name objects as well as the bucket does', async () => {
  const stack = await bed.start();
  await putAll(['in/a b.bin', 'in/ü,1.bin', 'in/not-named']);
  const put = (key: string, text: string | Buffer) => putFile(bed.root, { bucket: REPORTS, key }, text);
  await put('headed.csv', 'key,versionId\n"in/ü,1.bin",\n');
  await put('plain.csv', 'in/a b.bin\nin/nowhere\n');
  const rows = '"source","in%2Fa+b.bin","1000"\n"source","in%2F%C3%BC%2C1.bin","1000"\n';
  await put('inventory/data/1.csv.gz', gzipSync(rows));
  const manifest = {
    destinationBucket: `arn:aws:s3:::${REPORTS}`,
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, Size',
  };
  await put(
    'inventory/manifest.json',
    JSON.stringify({ ...manifest, files: [{ key: 'inventory/data/1.csv.gz' }] }),
  );
  const listed = (kind: 'csv' | 'inventory', key: string) =>
    backfill(bed, stack, { source: { kind, bucket: SOURCE_BUCKET, list: { bucket: REPORTS, key } } });

  const [headed, plain, inventory] = [
    await listed('csv', 'headed.csv'),
    await listed('csv', 'plain.csv'),
    await listed('inventory', 'inventory/manifest.json'),
  ];

  expect(keysOf(headed, 'stored')).toEqual(['in/ü,1.bin']);
  expect(keysOf(plain, 'stored')).toEqual(['in/a b.bin']);
  expect(keysOf(plain, 'gone')).toEqual(['in/nowhere']);
  expect(keysOf(inventory, 'held')).toEqual(['in/a b.bin', 'in/ü,1.bin']);
  expect(await bed.stored('in/not-named')).toBeUndefined();
});

test('names that COS cannot hold are reported, each by name', async () => {
  const stack = await bed.start();
  await putAll(['fine', 'bad//name']);

  const report = await backfill(bed, stack);

  expect(countsOf(report.summary)).toEqual({ stored: 1, 'bad-name': 1 });
  expect(keysOf(report, 'bad-name')).toEqual(['bad//name']);
});

test('a plan sends nothing and says what there is to send', async () => {
  const stack = await bed.start();
  await putAll(['there']);
  await backfill(bed, stack);
  await putAll(['new-a', 'new-b']);
  const uploads = seen(bed.cos, 'upload').length;

  const report = await backfill(bed, stack, { mode: 'plan' });

  expect(countsOf(report.summary)).toEqual({ held: 1, 'to-send': 2 });
  expect(seen(bed.cos, 'upload')).toHaveLength(uploads);
});

test('a check finds what is equal, differs, is missing or unproven, and ends red for what is not right', async () => {
  const stack = await bed.start();
  await putAll(['equal', 'overwritten', 'removed', 'longer']);
  await backfill(bed, stack);
  await putAll(['foreign']);
  const other = outsider(bed.cos);
  const signal = AbortSignal.timeout(60_000);
  const upload = (path: string, content: Buffer) =>
    other.upload(targetOf(path), { content, insertOnly: false, sha1: sha1(content) }, signal);
  await upload('overwritten', bytesOf('other bytes', 1_000));
  await upload('longer', bytesOf('longer', 1_001));
  await upload('foreign', bytesOf('foreign', 1_000));
  await other.remove(targetOf('removed'), signal);
  await other.close();

  const report = await backfill(bed, stack, { mode: 'check' });

  expect(keysOf(report, 'equal')).toEqual(['equal']);
  expect(keysOf(report, 'differs')).toEqual(['longer', 'overwritten']);
  expect(keysOf(report, 'missing')).toEqual(['removed']);
  expect(keysOf(report, 'unproven')).toEqual(['foreign']);
  expect(report.summary.troubles).toBe(3);
  expect(report.run.status).toBe('failed');
});

test('a bucket that is not there ends in a report with the reason', async () => {
  const stack = await bed.start();
  const source = { kind: 'bucket', bucket: 'nowhere', prefix: '' } as const;

  const report = await backfill(bed, stack, { source });

  expect(report.run.status).toBe('failed');
  expect(report.summary).toMatchObject({ state: 'broken', objects: 0 });
  expect(report.summary.reason).toContain('cannot be read');
});

test('EventBridge and the topic hear how it ended', async () => {
  const told: [string, unknown][] = [];
  const stack = await bed.start({ onTold: (...one) => void told.push(one) });
  await putAll(['one']);

  await backfill(bed, stack);

  expect(told.map(([state]) => state)).toEqual(['TellEvents', 'TellTopic']);
  expect(told[0]?.[1]).toMatchObject({
    Entries: [{ DetailType: 'Backfill Completed', Detail: { outcomes: { stored: { objects: 1 } } } }],
  });
  expect(told[1]?.[1]).toMatchObject({ Subject: 'Backfill complete' });
});

test('figures for watching are there while it runs', async () => {
  const stack = await bed.start();
  await putAll(names(30));

  const { job } = await backfill(bed, stack, requestOf());

  expect((await stack.services.jobs.tally(job.id)).outcomes).toEqual({
    stored: { objects: 30, bytes: 30_000 },
  });
});

test('a large object that the execution of another backfill is at is waited for, and told as it ended', async () => {
  const stack = await bed.start();
  const object = await bed.put('large', bytesOf('large', 3 * SLICE));
  const { services } = stack;
  const destination = destinationOf(services.config, 'large');
  const source = { kind: 's3', ...object, lastModified: 0 } as const;
  const { id } = await registerTransfer(source, destination, services, { restart: false });
  const { filters, mode, source: from } = requestOf();
  const state = batchState.parse({
    BatchInput: { jobId: 'job', mode, source: from, filters, startedAt: 0, pass: 'left' },
    Items: [],
    large: [{ key: 'large', transferId: id, execution: `${id}-1` }],
  });

  const waiting = await settleBatch(state, services);
  await end(services, id, 'failed', { error: 'CosRefused', message: 'no' });
  const over = await settleBatch(waiting, services);

  expect(waiting).toMatchObject({ next: 'wait', large: [{ transferId: id }], lines: [] });
  expect(over).toMatchObject({ next: 'done', large: [], lines: [{ key: 'large', outcome: 'failed' }] });
});
