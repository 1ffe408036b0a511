import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import type { DroppedObject } from '../../local/s3/drop/dropped-object.ts';
import { SOURCE_BUCKET, type Stack } from '../../local/stack/stack.ts';
import { beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { targetName } from '../../shared/cos/target.ts';
import { backfill, countsOf, keysOf, openBackfillBed, reportOf, requestOf } from '../kit/backfill-bed.ts';
import { type Bed, bytesOf, SLICE, seen, sha1, targetOf } from '../kit/relay-bed.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await openBackfillBed({ env: { DELETES: 'mirror' } });
});
afterEach(() => bed.close());

const ownerOf = async ({ services }: Stack, path: string) =>
  (await services.store.getTarget(targetName(targetOf(path))))?.owner;

const deletion = ({ bucket, key, sequencer = '' }: DroppedObject, at: Date) => ({
  source: 'aws.s3',
  'detail-type': 'Object Deleted',
  time: at.toISOString(),
  detail: { bucket: { name: bucket }, object: { key, sequencer: `${sequencer}FF` } },
});

test('what an event has carried is held, and stays the event’s', async () => {
  const stack = await bed.start();
  const object = await bed.put('a', bytesOf('a', 1_000));
  await stack.announce(object);

  const report = await backfill(bed, stack);

  expect(countsOf(report.summary)).toEqual({ held: 1 });
  expect(await ownerOf(stack, 'a')).toMatchObject({ sequencer: object.sequencer });
});

test('an event of the version that a listing has carried takes its place, and sends nothing again', async () => {
  const stack = await bed.start();
  const object = await bed.put('a', bytesOf('a', 1_000));
  await backfill(bed, stack);
  const file = await bed.stored('a');

  await stack.announce(object);

  expect(await ownerOf(stack, 'a')).toMatchObject({ sequencer: object.sequencer });
  expect(await bed.stored('a')).toBe(file);
});

test('a large object that is overwritten while the listing carries it ends as the event has it', async () => {
  const stack = await bed.start();
  await bed.put('large', bytesOf('old', 3 * SLICE));
  bed.cos.inject(stall(1, 400, { op: 'upload_slice_data' }));
  const job = await beginBackfill(requestOf(), '', stack.services);
  while (seen(bed.cos, 'upload_slice_data').length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));

  await stack.announce(await bed.put('large', bytesOf('new', 3 * SLICE)));
  const report = await reportOf(bed, stack, job);
  await stack.machine.idle();

  expect(await bed.stored('large')).toBe(sha1(bytesOf('new', 3 * SLICE)));
  expect(keysOf(report, 'failed')).toEqual([]);
});

test('what was deleted, and mirrored, after it was listed does not come back', async () => {
  const stack = await bed.start();
  const object = await bed.put('gone', bytesOf('gone', 1_000));
  await stack.announce(object);
  await rm(join(bed.root, SOURCE_BUCKET, 'gone'));
  await stack.deliver(deletion(object, new Date()));
  const list = { bucket: 'reports', key: 'list.jsonl' };
  await stack.services.files.write(list, lines('{"key":"gone"}'), AbortSignal.timeout(60_000));

  const source = { kind: 'lines', bucket: SOURCE_BUCKET, list } as const;
  const report = await backfill(bed, stack, { source });

  expect(countsOf(report.summary)).toEqual({ gone: 1 });
  expect(await bed.stored('gone')).toBeUndefined();
});

test('what an event failed to carry is carried in its name', async () => {
  const stack = await bed.start({ env: { MAX_RECEIVES: '1' } });
  const object = await bed.put('a', bytesOf('a', 1_000));
  bed.cos.inject({ op: 'upload', times: 1, act: { kind: 'status', status: 403, code: -5 } });
  await expect(stack.announce(object)).rejects.toThrow();

  const report = await backfill(bed, stack);

  expect(countsOf(report.summary)).toEqual({ stored: 1 });
  expect(await ownerOf(stack, 'a')).toMatchObject({ sequencer: object.sequencer });
});

async function* lines(...all: readonly string[]): AsyncIterable<string> {
  yield* all;
}
