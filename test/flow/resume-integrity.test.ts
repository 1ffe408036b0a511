import { expect, test } from 'vitest';
import { corrupt, lieAboutMd5 } from '../../local/cos/faults.ts';
import { carry, drop, PATH, reasonOf, testBed } from '../kit/carry.ts';
import { mortal } from '../kit/mortal.ts';
import { type Bed, SLICE, seen, sendings, sha1 } from '../kit/relay-bed.ts';

const SIZE = 5 * SLICE + 1;

/** What a worker does when it may be killed at its nth operation of a kind, once. */
async function withKill(bed: Bed, name: string, nth: number, when: 'before' | 'after') {
  let left = nth;
  const stack = await bed.start({
    machine: {
      meddle: (_, work) => {
        const step = (operation: { readonly name: string }) => {
          if (operation.name !== name) return;
          left -= 1;
          if (left === 0) life.die();
        };
        const life = mortal(stack.services, { [when]: step });
        return Promise.race([work(life.services), life.death]);
      },
    },
  });
  return stack;
}

test.each([
  ['damaged on the way', corrupt(2)],
  ['whose MD5 comes back wrong', lieAboutMd5(2)],
])('a slice %s is sent again until its MD5 is right', async (_, fault) => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(fault);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(transfer.state === 'stored' && transfer.receipt.slices).toMatchObject({
    total: 6,
    md5Verified: 6,
    resent: 2,
  });
});

test('a slice that always arrives damaged ends the transfer with SliceCorrupt and nothing finished', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  bed.cos.inject(corrupt(10_000, { op: 'upload_slice_data', offset: SLICE }));

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)?.error).toBe('SliceCorrupt');
  expect(await bed.stored(PATH)).toBeUndefined();
});

test('a slice that arrived damaged is not believed after the worker was killed, though COS lists it', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(corrupt(1, { op: 'upload_slice_data', offset: 2 * SLICE }));

  const stack = await withKill(bed, 'store.addWindow', 1, 'after'); // the note of the damage is the first write
  await stack.announce(object);
  await stack.machine.idle();

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test.each([
  ['not sent again under trustListed=listed', 'listed', 1],
  ['sent again under trustListed=verified', 'verified', 2],
])('a slice COS lists whose MD5 nobody lived to confirm is %s', async (_, trust, times) => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1', READERS: '1', TRUST_LISTED: trust } });
  const { bytes, object } = await drop(bed, SIZE);

  const stack = await withKill(bed, 'cos.put', 3, 'after');
  await stack.announce(object);
  await stack.machine.idle();

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(sendings(bed.cos).get(0)).toBe(times);
});

test.each([
  ['size', { size: SIZE - 1 }],
  ['number of bytes received', { received: SIZE - 1 }],
])('a file whose %s stat says to be another is not stored', async (_, lie) => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  let finished = false;
  const stack = await bed.start({
    machine: {
      meddle: (state, work) => {
        finished ||= state === 'FinishUpload';
        const { cos } = stack.services;
        const stat: typeof cos.stat = async (...given) => {
          const file = await cos.stat(...given);
          return file.kind === 'file' && finished ? { ...file, ...lie } : file;
        };
        return work({ ...stack.services, cos: { ...cos, stat } });
      },
    },
  });

  await stack.announce(object);
  await stack.machine.idle();

  const { transfers } = await stack.services.store.list('failed', 1);
  expect(transfers.map(reasonOf)).toMatchObject([{ error: 'NotIdentical' }]);
});

test('damage that no MD5 showed is found by the SHA-1 of the whole: sent anew once, then stored', async () => {
  const bed = await testBed({ env: { INTEGRITY: 'sha1', MAX_IN_FLIGHT: '1' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(corrupt(1, { op: 'upload_slice_data', offset: SLICE }));

  const stack = await withKill(bed, 'cos.put', 2, 'after'); // nobody lives to see the wrong MD5
  await stack.announce(object);
  await stack.machine.idle();

  expect(seen(bed.cos, 'upload_slice_finish').map(({ code }) => code)).toEqual([-4016, 0]);
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test('a SHA-1 that COS never agrees with ends the transfer with NotIdentical after one more try', async () => {
  const bed = await testBed({ env: { INTEGRITY: 'sha1' } });
  const { object } = await drop(bed, SIZE);
  bed.cos.inject({
    op: 'upload_slice_finish',
    times: 100,
    act: { kind: 'status', status: 409, code: -4016 },
  });

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)?.error).toBe('NotIdentical');
  expect(seen(bed.cos, 'upload_slice_finish')).toHaveLength(2);
});

test('a file that COS closed by itself with a damaged slice is replaced', async () => {
  const bed = await testBed({
    cos: { closesItself: true },
    env: { MAX_IN_FLIGHT: '1', ON_EXISTING: 'fail' },
  });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(corrupt(1, { op: 'upload_slice_data', skip: 5 }));

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});
