import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { objectPath } from '../../local/s3/folder/object-path.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { carry, carryOn, drop, PATH, reasonOf, testBed, transferOf } from '../kit/carry.ts';
import { mortal } from '../kit/mortal.ts';
import { type Bed, bytesOf, SLICE, seen, sha1 } from '../kit/relay-bed.ts';

const SLICES = 6;
const SIZE = SLICES * SLICE;
/** One read a slice, one slice at a time: then the source can change between any two of them. */
const ONE_BY_ONE = {
  SLICE_SIZE: '1048576',
  READ_BYTES: '3145728',
  READERS: '1',
  MAX_IN_FLIGHT: '1',
  MAX_CONCURRENCY: '1',
};

/** Carries an object; calls `then` when COS took so many slices, before the next one is sent. */
async function carryHooked(
  bed: Bed,
  slices: number,
  then: () => Promise<unknown>,
  object: Parameters<typeof carry>[1],
) {
  let puts = 0;
  let turn = Promise.resolve(); // several slices wait for their place in flight: each asks after the one before
  const stack = await bed.start({
    machine: {
      meddle: (state, work) => {
        if (state !== 'UploadSlices') return work();
        const { services } = mortal(stack.services, {
          async before({ name }) {
            if (name !== 'cos.put') return;
            turn = turn.then(async () => {
              if (puts === slices) await then();
              puts += 1;
            });
            await turn;
          },
        });
        return work(services);
      },
    },
  });
  return { stack, transfer: await carryOn(stack, object) };
}

test.each(Array.from({ length: SLICES }, (_, boundary) => boundary))(
  'a source overwritten before slice %i is sent: nothing of two versions is ever finished, and the new one is stored',
  async (boundary) => {
    const bed = await testBed({ env: { ...ONE_BY_ONE, SLICE_SIZE: String(SLICE) } });
    const { object } = await drop(bed, SIZE);
    const later: Awaited<ReturnType<typeof drop>>[] = [];

    const { stack } = await carryHooked(
      bed,
      boundary,
      async () => {
        if (later.length === 0) later.push(await drop(bed, SIZE, `overwritten at ${boundary}`));
      },
      object,
    );
    const finished = seen(bed.cos, 'upload_slice_finish').filter(({ code }) => code === 0);
    const first = await transferOf(stack, object);
    const between = await bed.stored(PATH);
    const [second] = later;
    if (!second) throw new Error('the source was not overwritten');
    const next = await carryOn(stack, second.object);

    if (first.state === 'stored') {
      // all of it was read before it changed: what was finished is the pinned version whole
      expect(between).toBe(sha1(bytesOf('first', SIZE)));
    } else {
      expect(first.state).toBe('superseded');
      expect(reasonOf(first)?.error).toBe('SourceChanged');
      expect(finished).toHaveLength(0);
      expect(between).toBeUndefined();
    }
    expect(next.state).toBe('stored');
    expect(await bed.stored(PATH)).toBe(sha1(second.bytes));
  },
);

test('every read of S3 carries If-Match: a change of the same size is noticed at the next range', async () => {
  const bed = await testBed({ env: ONE_BY_ONE });
  const { object } = await drop(bed, 2 * SIZE);

  const { transfer } = await carryHooked(bed, 1, () => drop(bed, 2 * SIZE, 'second'), object);

  expect(transfer.state).toBe('superseded');
  expect(reasonOf(transfer)?.error).toBe('SourceChanged');
  expect(bed.s3.log.some(({ op, status }) => op === 'get' && status === 412)).toBe(true);
});

test('a source deleted on the way ends the transfer by name, with nothing finished', async () => {
  const bed = await testBed({ env: ONE_BY_ONE });
  const { object } = await drop(bed, 2 * SIZE);

  const { transfer } = await carryHooked(
    bed,
    1,
    () => rm(objectPath(bed.root, SOURCE_BUCKET, PATH), { force: true }),
    object,
  );

  expect(transfer.state).toBe('failed');
  expect(reasonOf(transfer)?.error).toBe('SourceMissing');
  expect(await bed.stored(PATH)).toBeUndefined();
});

test('a resume finds the source changed before it opens anything', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  bed.cos.inject({ op: 'upload_slice_data', skip: 4, act: { kind: 'status', status: 400, code: -31337 } });
  await carry(bed, object);
  await drop(bed, SIZE, 'second');

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('failed'); // as the first try left it; the newer version has an event of its own
  expect(seen(bed.cos, 'upload_slice_finish')).toHaveLength(0);
});
