import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  mergeRanges,
  missingSlices,
  planSlices,
  SLICE_SIZES,
  type Slice,
  slicesWithin,
  totalBytes,
} from '../../shared/slices/slices.ts';
import { planWindows, slicesOf } from '../../shared/slices/windows.ts';
import { readRanges } from '../../shared/worker/read-slices.ts';

const sliceSize = fc.constantFrom(...SLICE_SIZES, 1, 7, 64);
const files = fc
  .tuple(sliceSize, fc.nat(300), fc.nat())
  .map(([each, slices, rest]) => ({ sliceSize: each, size: slices * each + (rest % each) }));
const some = (plan: readonly Slice[]) => fc.subarray([...plan]);

test('a plan covers every byte of the file once, in order, in slices of one size but the last', () => {
  fc.assert(
    fc.property(files, ({ size, sliceSize: each }) => {
      const plan = planSlices(size, each);

      let at = 0;
      for (const { offset, length } of plan) {
        expect(offset).toBe(at);
        expect(length === each || offset + length === size).toBe(true);
        expect(length).toBeGreaterThan(0);
        at += length;
      }
      expect(at).toBe(size);
    }),
  );
});

test.each([
  [-1, 1],
  [1.5, 1],
  [1, 0],
  [Number.NaN, 1],
  [1, 0.5],
])('a file of %d bytes in slices of %d cannot be planned', (size, each) => {
  expect(() => planSlices(size, each)).toThrow(RangeError);
});

test('what is held and what is missing together are the plan', () => {
  fc.assert(
    fc.property(
      files.chain(({ size, sliceSize: each }) => {
        const plan = planSlices(size, each);
        return fc.tuple(fc.constant(plan), some(plan));
      }),
      ([plan, held]) => {
        const missing = missingSlices(plan, held);

        expect([...missing, ...held].sort((a, b) => a.offset - b.offset)).toEqual(plan);
      },
    ),
  );
});

test('what is held may be listed in any order, and of a slice that is listed twice the last counts', () => {
  const listed = fc.array(
    fc.record({ offset: fc.nat(12).map((at) => at * 4), length: fc.constantFrom(3, 4) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), listed, (size, held) => {
      const plan = planSlices(size, 4);
      const last = new Map(held.map(({ offset, length }) => [offset, length]));

      const missing = missingSlices(plan, held);

      expect(missing).toEqual(plan.filter(({ offset, length }) => last.get(offset) !== length));
    }),
  );
});

test('a held slice of another length is missing', () => {
  const plan = planSlices(10, 4);

  expect(
    missingSlices(plan, [
      { offset: 4, length: 3 },
      { offset: 8, length: 2 },
    ]),
  ).toEqual([plan[0], plan[1]]);
});

test('windows ask for exactly what is missing, in order, whatever holes it has', () => {
  const limits = fc.record({
    windowBytes: fc.integer({ min: 1, max: 64 * 1_048_576 }),
    maxWindows: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(
      files.chain(({ size, sliceSize: each }) =>
        fc.tuple(fc.constant({ size, each }), some(planSlices(size, each))),
      ),
      limits,
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      ([{ size, each }, missing], given, spread) => {
        const windows = planWindows(missing, each, { ...given, ...(spread !== undefined && { spread }) });

        expect(windows.flatMap((window) => slicesOf(window, size, each))).toEqual(missing);
        expect(windows.length).toBeLessThanOrEqual(given.maxWindows);
      },
    ),
  );
});

test('reads are ranges of neighbours, none longer than it may be, and hold every slice once', () => {
  fc.assert(
    fc.property(
      files.chain(({ size, sliceSize: each }) => fc.tuple(fc.constant(each), some(planSlices(size, each)))),
      fc.integer({ min: 1, max: 12 }),
      ([each, slices], times) => {
        const reads = readRanges(slices, times * each);

        expect(reads.flatMap((read) => read.slices)).toEqual(slices);
        for (const { range, slices: parts } of reads) {
          expect(range.length).toBe(totalBytes(parts));
          expect(range.length).toBeLessThanOrEqual(times * each);
          expect(range.offset).toBe(parts[0]?.offset);
        }
      },
    ),
  );
});

describe('ranges', () => {
  const ranges = fc.array(fc.record({ offset: fc.nat(200), length: fc.integer({ min: 1, max: 50 }) }), {
    maxLength: 30,
  });
  const bytes = (of: readonly Slice[]) =>
    new Set(of.flatMap(({ offset, length }) => Array.from({ length }, (_, index) => offset + index)));

  test('merged ranges hold the same bytes, apart from each other and in order', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const merged = mergeRanges(given);

        expect(bytes(merged)).toEqual(bytes(given));
        for (const [index, { offset }] of merged.entries()) {
          const before = merged[index - 1];
          if (before) expect(offset).toBeGreaterThan(before.offset + before.length);
        }
      }),
    );
  });

  test('the slices within ranges are those all of whose bytes are', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 20 }), (given, each) => {
        const merged = mergeRanges(given);
        const all = bytes(merged);
        const plan = planSlices(250, each);

        const within = slicesWithin(plan, merged);

        expect(within).toEqual(plan.filter((slice) => [...bytes([slice])].every((at) => all.has(at))));
      }),
    );
  });
});
