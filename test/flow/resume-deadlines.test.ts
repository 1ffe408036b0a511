import { expect, test } from 'vitest';
import { type UploadOutcome, uploadInput, uploadSlices } from '../../shared/relay/upload-slices.ts';
import { carry, carryOn, drop, never, PATH, reasonOf, testBed } from '../kit/carry.ts';
import { mortal, type Operation } from '../kit/mortal.ts';
import { SLICE, seen, sendings, sha1 } from '../kit/relay-bed.ts';

const SLICES = 12;
const SIZE = SLICES * SLICE;

test('a worker whose time is up hands the rest back, and each slice goes out once', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1', READERS: '1' } });
  const { bytes, object } = await drop(bed, SIZE);
  const outcomes: UploadOutcome[] = [];
  const stack = await bed.start({
    machine: {
      // its time is up after five slices, however long they take here
      meddle: async (state, work, input) => {
        if (state !== 'UploadSlices') return work();
        const stop = new AbortController();
        let puts = 0;
        const after = ({ name }: Operation) => {
          if (name === 'cos.put') puts += 1;
          if (puts === 5) stop.abort();
        };
        const { services } = mortal(stack.services, { after });
        const given = uploadInput.parse(JSON.parse(input));
        const outcome = await uploadSlices(given, services, { stop: stop.signal, signal: never });
        outcomes.push(outcome);
        return outcome;
      },
    },
  });

  await carryOn(stack, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(outcomes.length).toBeGreaterThan(1);
  expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'sent'));
  expect([...sendings(bed.cos).values()]).toEqual(Array.from({ length: SLICES }, () => 1));
});

test.each([1, 2, 5])(
  'a worker killed without warning after %i slices has only those in flight sent again',
  async (nth) => {
    const IN_FLIGHT = 4;
    const bed = await testBed({ env: { MAX_IN_FLIGHT: String(IN_FLIGHT), MAX_CONCURRENCY: '1' } });
    const { bytes, object } = await drop(bed, SIZE);
    let puts = 0;
    const stack = await bed.start({
      machine: {
        meddle: (_, work) => {
          const life = mortal(stack.services, {
            after: ({ name }) => {
              if (name === 'cos.put') puts += 1;
              if (name === 'cos.put' && puts === nth) life.die();
            },
          });
          return Promise.race([work(life.services), life.death]);
        },
      },
    });

    const transfer = await carryOn(stack, object);

    expect(transfer.state).toBe('stored');
    expect(await bed.stored(PATH)).toBe(sha1(bytes));
    const again = [...sendings(bed.cos).values()].filter((times) => times > 1);
    expect(again.length).toBeLessThanOrEqual(IN_FLIGHT);
  },
);

test('what a failed worker confirmed is not sent again when it is called again', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '2', COS_ATTEMPTS: '2' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject({
    op: 'upload_slice_data',
    offset: 8 * SLICE,
    times: 3,
    act: { kind: 'html', status: 502 },
  });

  await carry(bed, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  const stored = seen(bed.cos, 'upload_slice_data').filter(({ code }) => code === 0);
  expect(stored).toHaveLength(SLICES);
});

test('a loop that moves nothing stops with NoProgress', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  const stack = await bed.start({
    machine: {
      // a worker that says it is done and sent nothing
      meddle: (state, work) =>
        state === 'UploadSlices' ? Promise.resolve({ kind: 'sent', sent: 0, left: SLICES }) : work(),
    },
  });

  const transfer = await carryOn(stack, object);

  expect(reasonOf(transfer)?.error).toBe('NoProgress');
  expect(transfer.state).toBe('failed');
});

test('a COS that refuses to finish for a gap it does not list stops with NoProgress', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  bed.cos.inject({ op: 'upload_slice_finish', times: 100, act: { kind: 'status', status: 400, code: -175 } });

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)?.error).toBe('NoProgress');
  expect(seen(bed.cos, 'upload_slice_finish').length).toBeLessThanOrEqual(4);
});
