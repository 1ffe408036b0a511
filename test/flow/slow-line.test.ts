import { expect, onTestFinished, test } from 'vitest';
import { stall, stallAfterStoring } from '../../local/cos/faults.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { registerTransfer, startMachine } from '../../shared/transfer/register-transfer.ts';
import { openEventBed, targetOf } from '../kit/event-bed.ts';
import { bytesOf, OPTIONS } from '../kit/relay-bed.ts';

/** Larger than a slice: slices carry it where one request does not. */
const SIZE = 1_600_000;

/** A relay of small objects whose every direct upload falls silent, before or after COS stored it. */
async function silentBed(fault: typeof stall, env: Record<string, string> = {}) {
  const bed = await openEventBed({
    env: { SMALL_OBJECT_MAX: '2000000', COS_TIMEOUT_MS: '1500', COS_ATTEMPTS: '2', ...env },
  });
  onTestFinished(() => bed.close());
  bed.cos?.inject(fault(100, Number.POSITIVE_INFINITY, { op: 'upload' }));
  return bed;
}

test('what one request does not carry in time goes in slices, by event (D1)', async () => {
  const bed = await silentBed(stall);
  const object = await bed.put('slow.bin', bytesOf('slow', SIZE));

  await bed.announce(object);
  await bed.machine.idle();

  expect(await bed.transferOf(object)).toMatchObject({ state: 'stored', receipt: { how: 'sent' } });
  expect(await bed.stored('slow.bin')).toEqual(bytesOf('slow', SIZE));
  expect(bed.ops('slow.bin').filter((op) => op === 'upload')).toHaveLength(2); // COS_ATTEMPTS, and never again
});

test('what one request does not carry in time goes in slices, by machine (D1)', async () => {
  const bed = await silentBed(stall);
  const { bucket, key } = await bed.put('slow.bin', bytesOf('slow', SIZE));
  const { object } = await bed.services.source.pin({ bucket, key }, new AbortController().signal);
  const to = { target: targetOf(key), options: { ...OPTIONS, sliceSize: 524_288 } } as const;
  const source = { kind: 's3', ...object } as const;
  const transfer = await registerTransfer(source, to, bed.services, { restart: false });

  await startMachine(transfer, bed.services.machine);
  await bed.machine.idle();

  expect(await bed.services.store.get(transfer.id)).toMatchObject({
    state: 'stored',
    receipt: { how: 'sent' },
  });
  expect(await bed.stored(key)).toEqual(bytesOf('slow', SIZE));
  expect(bucket).toBe(SOURCE_BUCKET);
});

test('a direct upload that arrived without an answer is known by its SHA-1, under the policy that keeps files too (D1)', async () => {
  const bed = await silentBed(stallAfterStoring, { ON_EXISTING: 'fail', COS_ATTEMPTS: '1' });
  const object = await bed.put('landed.bin', bytesOf('landed', SIZE));

  await bed.announce(object);
  await bed.machine.idle();

  expect(await bed.transferOf(object)).toMatchObject({ state: 'stored', receipt: { how: 'skipped' } });
  expect(await bed.stored('landed.bin')).toEqual(bytesOf('landed', SIZE));
});

test('an object that fits one slice waits for its next delivery: slices would not help it (D1)', async () => {
  const bed = await silentBed(stall);
  const object = await bed.put('tiny.bin', bytesOf('tiny', 50_000));

  await expect(bed.announce(object)).rejects.toThrow('no answer');
  bed.cos?.clearFaults();
  await bed.announce(object);

  expect(await bed.transferOf(object)).toMatchObject({ state: 'stored', receipt: { how: 'direct' } });
  expect(bed.machine.executions.size).toBe(0);
});
