import { expect, test } from 'vitest';
import type { Stack } from '../../local/stack/stack.ts';
import { type CancelOptions, cancelTransfer } from '../../shared/api/cancel-transfer.ts';
import { load } from '../../shared/records/change-transfer.ts';
import { listInput, listSlices } from '../../shared/relay/list-slices.ts';
import { openUpload } from '../../shared/relay/open-upload.ts';
import { registerTransfer, restarted, startMachine } from '../../shared/transfer/register-transfer.ts';
import { carryOn, drop, never, PATH, testBed, transferOf } from '../kit/carry.ts';
import { mortal, type Watcher } from '../kit/mortal.ts';
import { type Bed, bytesOf, idOf, OPTIONS, SLICE, seen, sha1, targetOf } from '../kit/relay-bed.ts';

const SIZE = 20 * SLICE;
const noLimit = { stop: never, signal: never };
const cancel = async ({ services }: Stack, id: string, options: CancelOptions) =>
  cancelTransfer(await load(services, id), options, services, noLimit);

async function watched(bed: Bed, watcher: Watcher) {
  const stack = await bed.start({
    machine: { meddle: (_, work) => work(mortal(stack.services, watcher).services) },
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
        await cancel(stack, idOf(object), {});
      },
    });

    const transfer = await carryOn(stack, object);

    expect(transfer.state).toBe('cancelled');
    expect(await bed.stored(PATH)).toBeUndefined();
    expect(await bed.unfinished(PATH)).toBeUndefined();
  },
);

test('a transfer cancelled by two callers at once may keep its unfinished upload, and begins again at once', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1' } });
  const { object } = await drop(bed, SIZE);
  let puts = 0;
  const stack = await watched(bed, {
    async after({ name }) {
      if (name !== 'cos.put') return;
      puts += 1;
      if (puts !== 5) return;
      const once = () => cancel(stack, idOf(object), { keepUpload: true });
      await Promise.all([once(), once()]);
    },
  });
  const transfer = await carryOn(stack, object);
  const kept = (await bed.unfinished(PATH))?.held.length ?? 0;

  const next = await bed.start();
  await startMachine(await restarted(transfer, next.services), next.machine);
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

  const transfer = await cancel(stack, idOf(object), {});

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBeDefined();
});

test('a transfer cancelled and begun again while its slices are planned goes on in its new execution', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  const id = idOf(object);
  const stack = await bed.start();
  let writes = 0;
  let plans = 0;
  const { services } = mortal(stack.services, {
    before({ name }) {
      writes += name === 'store.replace' ? 1 : 0;
      if (writes > 10) throw new Error('written without end');
    },
    async after({ name }) {
      plans += name === 'store.windows' ? 1 : 0;
      if (name !== 'store.windows' || plans > 1) return;
      const over = await cancel(stack, id, { keepUpload: true });
      await restarted(over, stack.services);
    },
  });
  await registerTransfer(
    { kind: 's3', lastModified: 0, ...object },
    { target: targetOf(PATH), options: { ...OPTIONS, sliceSize: SLICE } },
    stack.services,
    { restart: false },
  );
  await openUpload({ transferId: id, reopens: 0, windowsUsed: 0 }, services, noLimit);

  const listed = await listSlices(listInput.parse({ transferId: id, reopens: 1 }), services, noLimit);
  await startMachine(await transferOf(stack, object), stack.machine);
  await stack.machine.idle();

  expect(listed.kind).toBe('reopen');
  expect((await transferOf(stack, object)).state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytesOf('first', SIZE)));
});
