import { expect, test } from 'vitest';
import { billOf } from '../../bench/cost/bill.ts';
import { relayOf } from '../../bench/cost/relay-of.ts';
import counts from '../../bench/counts.json' with { type: 'json' };
import { callsOf, costOfTransfer } from '../../shared/cost/cost-of-transfer.ts';

const MIB = 1_048_576;
const READ_BYTES = 8 * MIB;
const { fresh, smallBatch } = counts.cases;

const sum = (each: Readonly<Record<string, number>>) =>
  Object.values(each).reduce((all, one) => all + one, 0);

/** A transfer whose windows were sent at 10 MiB/s. */
const large = (size: number, workers: number, attempts = 1) => {
  const each = size / workers;
  const window = { sentBytes: each, tookMs: (each / (10 * MIB)) * 1_000 };
  const windows = Array.from({ length: workers }, () => window);
  return { how: 'sent', attempts, size, small: false, windows, readBytes: READ_BYTES } as const;
};
const small = (how: 'direct' | 'skipped', size: number) =>
  ({ how, attempts: 1, size, small: true, windows: [], readBytes: READ_BYTES }) as const;

test('a receipt of a large object counts the calls that were counted', () => {
  const calls = callsOf(large(counts.size, fresh.lambda.UploadSlices));

  expect(calls.transitions).toBe(fresh.transitions);
  expect(calls.calls).toBe(sum(fresh.lambda));
  expect(calls.reads).toBe(fresh.dynamodb.GetItem + fresh.dynamodb.Query);
  expect(Math.abs(calls.gets / sum(fresh.s3) - 1)).toBeLessThan(0.03); // a window's end cuts a read
});

test('a receipt of a small object counts its share of its batch', () => {
  const calls = callsOf(small('direct', 65_536));

  expect(calls.reads * counts.batch).toBe(smallBatch.dynamodb.GetItem);
  expect(calls.gets * counts.batch).toBe(sum(smallBatch.s3));
  expect(calls.calls * counts.batch).toBeCloseTo(sum(smallBatch.lambda));
});

test.each([65_536, 64 * MIB, 1_024 * MIB])(
  'what a receipt of %d bytes says is what the cost command foretells',
  (size) => {
    const bill = billOf(relayOf({}, size, 10 * MIB, size < MIB ? 1_000 : 1));
    const objects = size < MIB ? 1_000 : 1;
    const cost = costOfTransfer(size < MIB ? small('direct', size) : large(size, bill.windows));

    expect(cost.aws / (bill.total / objects)).toBeGreaterThan(0.85);
    expect(cost.aws / (bill.total / objects)).toBeLessThan(1.15);
    expect(cost.egress / (bill.egress.dollars / objects)).toBeCloseTo(1, 4);
  },
);

test('what was sent again is paid again, and what was left as it was costs no egress', () => {
  const once = costOfTransfer(large(counts.size, 20));
  const twice = costOfTransfer(large(2 * counts.size, 40, 2));

  expect(twice.egress).toBeCloseTo(2 * once.egress);
  expect(twice.aws).toBeGreaterThan(1.9 * once.aws);
  expect(costOfTransfer(small('skipped', counts.size)).egress).toBe(0);
});
