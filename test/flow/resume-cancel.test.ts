import { expect, test } from 'vitest';
import { cancelTransfer } from '../../shared/relay/cancel-transfer.ts';
import { restarted, startMachine } from '../../shared/relay/start-transfer.ts';
import { carryOn, drop, never, PATH, testBed, transferOf } from '../kit/carry.ts';
import { mortal, type Watcher } from '../kit/mortal.ts';
import { type Bed, idOf, SLICE, seen } from '../kit/relay-bed.ts';

const SIZE = 20 * SLICE;
const noLimit = { stop: never, signal: never };

async function watched(bed: Bed, watcher: Watcher) {
  const stack = await bed.start({
    machine: { meddle: (_, work) => work(mortal(stack.parts, watcher).parts) },
  });
  return stack;
}

test.each([
  ['the source is pinned', 'source.pin'],
  ['the upload is opened', 'cos.open'],
  ['the slices are listed', 'cos.list'],
  ['a slice is sent', 'cos.put'],
  ['a window is saved', 'store.addWindow'],
])(
  'a transfer cancelled when %s ends cancelled: nothing is finished, no unfinished upload is left',
  async (_, name) => {
    const bed = await testBed({ env: { MAX_IN_FLIGHT: '2', WINDOW_BYTES: '2097152' } });
    const { object } = await drop(bed, SIZE);
    let cancelled = false;
    const stack = await watched(bed, {
      async after(operation) {
        if (cancelled || operation.name !== name) return;
        cancelled = true;
        await cancelTransfer(idOf(object), {}, stack.parts, noLimit);
      },
    });

    const transfer = await carryOn(stack, object);

    expect(transfer.state).toBe('cancelled');
    expect(await bed.stored(PATH)).toBeUndefined();
    expect(await bed.unfinished(PATH)).toBeUndefined();
  },
);

test('a cancelled transfer may keep its unfinished upload for a later try', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1' } });
  const { object } = await drop(bed, SIZE);
  let puts = 0;
  const stack = await watched(bed, {
    async after({ name }) {
      puts += name === 'cos.put' ? 1 : 0;
      if (puts === 5) await cancelTransfer(idOf(object), { keepUpload: true }, stack.parts, noLimit);
    },
  });
  const transfer = await carryOn(stack, object);
  const kept = (await bed.unfinished(PATH))?.held.length ?? 0;

  const next = await bed.start();
  await startMachine(await restarted(transfer, next.parts), next.machine);
  await next.machine.idle();

  expect(transfer.state).toBe('cancelled');
  expect(kept).toBeGreaterThanOrEqual(5);
  expect((await transferOf(next, object)).state).toBe('stored');
  expect(seen(bed.cos, 'upload_slice_data').filter(({ code }) => code === 0)).toHaveLength(20);
});

test('a transfer that is stored stays stored when it is cancelled', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  const stack = await bed.start();
  await carryOn(stack, object);

  const transfer = await cancelTransfer(idOf(object), {}, stack.parts, noLimit);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBeDefined();
});
