import { expect, test } from 'vitest';
import {
  busy,
  doneButFailed,
  dropFirst,
  duplicate,
  errorPage,
  type Fault,
  lagList,
  loseAnswer,
  refuse,
  stall,
  stallAfterStoring,
  truncateAnswer,
} from '../../local/cos/faults.ts';
import type { S3FaultAct } from '../../local/s3/faults.ts';
import { carry, carryOn, drop, never, PATH, reasonOf, testBed } from '../kit/carry.ts';
import {
  type Bed,
  bytesOf,
  IMPATIENT,
  outsider,
  SLICE,
  seen,
  sendings,
  sha1,
  targetOf,
} from '../kit/relay-bed.ts';

const SIZE = 9 * SLICE + 100;
const DATA = { op: 'upload_slice_data' };
const FINISH = { op: 'upload_slice_finish' };

test.each<[string, Fault]>([
  ['connections that die before anything is stored', dropFirst(3)],
  ['connections that die after a slice was stored', loseAnswer(3)],
  ['too many requests (-71)', busy(4, DATA)],
  ['storage trouble (-195)', refuse(3, 500, -195)],
  ["a proxy's error page", errorPage(3)],
  ['answers that break off in the middle', truncateAnswer(3)],
  ['requests that are served twice', duplicate(5)],
  ['a finish that never answers', loseAnswer(1, FINISH)],
  ['a finish that is done and says it failed', doneButFailed(1, 500, -5997, FINISH)],
  [
    'an init that is done and says it failed',
    doneButFailed(1, 500, -5997, { op: 'upload_slice_init', skip: 1 }),
  ],
  ['an init whose answer is lost', loseAnswer(1, { op: 'upload_slice_init', skip: 1 })],
  ['a list that lags behind', lagList(3, 4)],
  ['a finish refused for a gap while the list lags behind', refuse(1, 400, -175, FINISH)],
])('a transfer survives %s', async (_, fault) => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(fault);
  if (fault.act.kind === 'status' && fault.act.code === -175) bed.cos.inject(lagList(3, 2, { skip: 1 }));

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)).toBeUndefined();
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test.each<[string, S3FaultAct]>([
  ['answers 503', { kind: 'status', status: 503, code: 'SlowDown' }],
  ['dies', { kind: 'reset' }],
  ['breaks off in the middle', { kind: 'truncate' }],
])('a transfer survives an S3 that %s', async (_, act) => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  bed.s3.inject({ op: 'get', times: 2, act });

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)).toBeUndefined();
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test('a transfer survives silence, wherever it falls', async () => {
  const endless = Number.POSITIVE_INFINITY;
  const silences: Readonly<Record<string, (bed: Bed) => void>> = {
    'COS, before a slice is stored': ({ cos }) => cos.inject(stall(1, endless, DATA)),
    'COS, after a slice was stored': ({ cos }) => cos.inject(stallAfterStoring(1, endless, DATA)),
    'S3, in the middle of an answer': ({ s3 }) =>
      s3.inject({ op: 'get', times: 2, act: { kind: 'stall-body' } }),
    'S3, instead of an answer': ({ s3 }) => s3.inject({ op: 'get', times: 2, act: { kind: 'stall' } }),
    'S3, instead of an answer to HEAD': ({ s3 }) =>
      s3.inject({ op: 'head', skip: 1, times: 1, act: { kind: 'stall' } }),
  };
  const survive = async ([where, fall]: readonly [string, (bed: Bed) => void]) => {
    const bed = await testBed({ env: IMPATIENT });
    const { bytes, object } = await drop(bed, SIZE);
    fall(bed);
    const { transfer } = await carry(bed, object);
    return [where, reasonOf(transfer), (await bed.stored(PATH)) === sha1(bytes)];
  };

  const ends = await Promise.all(Object.entries(silences).map(survive)); // at once: they wait for most of their time

  expect(ends).toEqual(Object.keys(silences).map((where) => [where, undefined, true]));
});

test('a clock that is a day off is put right by the Date of COS (-59)', async () => {
  const bed = await testBed({ cos: { now: () => Date.now() + 86_400_000 } });
  const { bytes, object } = await drop(bed, SIZE);

  await carry(bed, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(bed.cos.log.filter(({ code }) => code === -59)).toHaveLength(1);
});

test('an unknown code ends the transfer with code, message and request id', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  bed.cos.inject(refuse(1_000, 400, -31337, FINISH));

  const { transfer } = await carry(bed, object);

  const [refused] = seen(bed.cos, 'upload_slice_finish');
  expect(reasonOf(transfer)).toMatchObject({
    error: 'CosRefused',
    cosCode: -31337,
    requestId: refused?.requestId,
  });
  expect(reasonOf(transfer)?.message).toContain('-31337');
});

test('too many requests (-71) lower the number of slices in flight', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '16', MAX_CONCURRENCY: '1' }, cos: { latencyMs: 10 } });
  const { object } = await drop(bed, 40 * SLICE);
  const stack = await bed.start({
    wiring: {
      observe: (event) => {
        if (event.kind === 'retried' && event.code === -71) limits.push(stack.services.pace.limit);
        else if (event.kind === 'slice-sent' && limits.length === 0) before = stack.services.pace.limit;
      },
    },
  });
  const limits: number[] = [];
  let before = 0;
  bed.cos.inject(busy(1, { ...DATA, skip: 20 }));

  await carryOn(stack, object);

  expect(limits).toHaveLength(1);
  expect(limits[0]).toBeLessThan(before);
});

test('a finish that was done and says it failed is told from an older file of the same size', async () => {
  let now = Date.now() - 3_600_000;
  const bed = await testBed({ cos: { now: () => now }, env: { ON_EXISTING: 'overwrite' } });
  const other = outsider(bed.cos);
  await other.createDirectory(targetOf('films/'), never).catch(() => undefined);
  const older = bytesOf('older', SIZE);
  await other.upload(targetOf(PATH), { content: older, insertOnly: true, sha1: sha1(older) }, never);
  await other.close();
  now += 3_600_000;
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(doneButFailed(1, 500, -5997, FINISH));

  await carry(bed, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect([...sendings(bed.cos).values()].every((times) => times === 1)).toBe(true);
});
