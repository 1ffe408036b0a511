import { expect, test } from 'vitest';
import type { CosEndpointOptions } from '../../local/cos/endpoint.ts';
import { carry, drop, never, PATH, testBed } from '../kit/carry.ts';
import { outsider, SLICE, seen, sendings, sha1, targetOf } from '../kit/relay-bed.ts';

const SIZE = 7 * SLICE + 3;

test.each([1_048_576, 2_097_152, 3_145_728])(
  'slices are cut as COS wishes, %i bytes, not as was asked',
  async (grantSliceSize) => {
    const bed = await testBed({ cos: { grantSliceSize } });
    const { bytes, object } = await drop(bed, SIZE);

    await carry(bed, object);

    expect(await bed.stored(PATH)).toBe(sha1(bytes));
    expect(sendings(bed.cos).size).toBe(Math.ceil(SIZE / grantSliceSize));
  },
);

test('serial_upload: one slice at a time, in order, from one worker', async () => {
  const bed = await testBed({ cos: { serialUpload: true }, env: { WINDOW_BYTES: '1048576' } });
  const { bytes, object } = await drop(bed, SIZE);

  await carry(bed, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  const offsets = seen(bed.cos, 'upload_slice_data').map(({ offset }) => offset);
  expect(offsets).toEqual(Array.from({ length: 8 }, (_, index) => index * SLICE));
  expect(seen(bed.cos, 'upload_slice_data').every(({ code }) => code === 0)).toBe(true);
});

test.each(['md5', 'sha1'])(
  'a refused slice size (-284) falls back to 1 MiB under integrity=%s',
  async (integrity) => {
    const bed = await testBed({ cos: { sliceSizes: [1_048_576] }, env: { INTEGRITY: integrity } });
    const { bytes, object } = await drop(bed, SIZE);

    await carry(bed, object);

    expect(await bed.stored(PATH)).toBe(sha1(bytes));
    expect(seen(bed.cos, 'upload_slice_init').map(({ code }) => code)).toContain(-284);
    expect(sendings(bed.cos).size).toBe(4);
  },
);

test('bytes that COS holds already are stored by an init alone (instant upload)', async () => {
  const bed = await testBed({ env: { INTEGRITY: 'sha1' } });
  const first = await drop(bed, SIZE, 'same', 'films/one.bin');
  await carry(bed, first.object);
  const sent = seen(bed.cos, 'upload_slice_data').length;
  const second = await drop(bed, SIZE, 'same', 'films/two.bin');

  const { transfer } = await carry(bed, second.object);

  expect(transfer.state === 'stored' && transfer.receipt.how).toBe('instant');
  expect(await bed.stored('films/two.bin')).toBe(sha1(second.bytes));
  expect(seen(bed.cos, 'upload_slice_data')).toHaveLength(sent);
});

test('an access_url in the answer to a slice means COS closed the file, and it is proven like any other', async () => {
  const bed = await testBed({ cos: { closesItself: true } });
  const { bytes, object } = await drop(bed, SIZE);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect([...sendings(bed.cos).values()].every((times) => times === 1)).toBe(true);
});

test.each<[string, Partial<CosEndpointOptions>]>([
  ['an array', { listForm: 'array' }],
  ['a string of JSON', { listForm: 'string' }],
  ['null when there is none', { listForm: 'null-when-empty' }],
  ['nothing when there is none', { listForm: 'absent-when-empty' }],
  ['numbers as strings', { numbersAsStrings: true }],
])('listparts as %s: an upload is taken up again', async (_, cos) => {
  const bed = await testBed({ cos, env: { MAX_IN_FLIGHT: '1' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject({ op: 'upload_slice_data', skip: 4, act: { kind: 'status', status: 400, code: -31337 } });
  await carry(bed, object);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(seen(bed.cos, 'upload_slice_data').filter(({ code }) => code === 0)).toHaveLength(8);
});

test('a slice of another length in the list counts as missing', async () => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  const stack = await bed.start({
    machine: {
      meddle: (state, work) => {
        const { cos } = stack.services;
        const list: typeof cos.list = async (...given) => {
          const listed = await cos.list(...given);
          const short = { offset: 0, length: SLICE - 1 };
          return listed.kind === 'unfinished' && listed.held.length === 0
            ? { ...listed, held: [short] }
            : listed;
        };
        return work(state === 'ListSlices' ? { ...stack.services, cos: { ...cos, list } } : stack.services);
      },
    },
  });

  await stack.announce(object);
  await stack.machine.idle();

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test('the directories of a path are made when COS misses them, once', async () => {
  const bed = await testBed();
  const { object, bytes } = await drop(bed, SIZE, 'deep', 'a/b c/中文/d.bin');

  await carry(bed, object);

  expect(await bed.stored('a/b c/中文/d.bin')).toBe(sha1(bytes));
  const other = outsider(bed.cos);
  await other.createDirectory(targetOf('a/b c/'), never); // it is there: fine
  await other.close();
});
