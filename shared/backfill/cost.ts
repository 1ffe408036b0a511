import { GIB, MEMORY_GB, RATE } from '../cost/cost-of-transfer.ts';
import { PRICES } from '../cost/prices.ts';
import type { Workload } from './workload.ts';

type CostLine = {
  readonly what: string;
  readonly count: number;
  readonly unit: string;
  readonly dollars: number;
};
/** List prices, in US dollars: an estimate, no bill. */
type Cost = {
  readonly prices: string;
  readonly lines: readonly CostLine[];
  readonly aws: number;
  readonly egress: number;
  /** Of all calls together, in s: with so many batches at once it takes that part of it. */
  readonly seconds: number;
};

/** Seen on a laptop, in s: of a call besides its objects, of an object that is looked at or sent, ten at once. */
const SECONDS = { call: 0.5, asked: 0.01, sent: 0.02, step: 2 } as const;
const LOG_BYTES = 1_500;

/**
 * What was counted for each (test/flow/backfill-cost.test.ts): of an object that is asked about, of a small one besides, of a
 * large one without its windows, of each window. Writes and reads are units of DynamoDB.
 */
const COUNTED = {
  batch: { transitions: 2, writes: 1 },
  asked: { reads: 2, gets: 1 },
  small: { writes: 9, gets: 1 },
  large: { transitions: 19, writes: 34, reads: 29, gets: 3, calls: 6 },
  window: { transitions: 1, writes: 1, reads: 1, calls: 1 },
} as const;

/** Counts of the requests, times public prices. `readBytes` is one ranged read of S3. */
export function costOf({ batches, asked, small, large }: Workload, readBytes: number): Cost {
  const { objects, windows } = large;
  const sum = (of: 'transitions' | 'writes' | 'reads') =>
    objects * COUNTED.large[of] + windows * COUNTED.window[of];
  const ranges = Math.max(objects, Math.ceil(large.bytes / readBytes));
  const calls = batches + objects * COUNTED.large.calls + windows;
  const time = secondsOf({ batches, asked, small, large });
  const lines = [
    line(
      'Step Functions',
      batches * COUNTED.batch.transitions + sum('transitions'),
      'transitions',
      PRICES.transition,
    ),
    line('Lambda, duration', time.gbSeconds, 'GB-s', PRICES.lambdaGbSecond),
    line('Lambda, requests', calls, 'requests', PRICES.lambdaRequest),
    line(
      'DynamoDB, writes',
      batches * COUNTED.batch.writes + small.objects * COUNTED.small.writes + sum('writes'),
      'units',
      PRICES.dynamoWrite,
    ),
    line('DynamoDB, reads', asked * COUNTED.asked.reads + sum('reads'), 'units', PRICES.dynamoRead),
    line(
      'S3, GET and HEAD',
      asked * COUNTED.asked.gets + small.objects * COUNTED.small.gets + objects * COUNTED.large.gets + ranges,
      'requests',
      PRICES.s3Get,
    ),
    line('CloudWatch Logs', (calls * LOG_BYTES) / GIB, 'GB', PRICES.logsGb),
  ];
  return {
    prices: `${PRICES.date}, ${PRICES.region}`,
    lines,
    aws: lines.reduce((total, { dollars }) => total + dollars, 0),
    egress: ((small.bytes + large.bytes) / GIB) * PRICES.egressGb,
    seconds: time.seconds,
  };
}

const line = (what: string, count: number, unit: string, price: number): CostLine => ({
  what,
  count,
  unit,
  dollars: count * price,
});

function secondsOf({ batches, asked, small, large }: Workload) {
  const carrying =
    batches * SECONDS.call + asked * SECONDS.asked + small.objects * SECONDS.sent + small.bytes / RATE;
  const sending = large.windows * SECONDS.call + large.bytes / RATE;
  const steps = large.objects * SECONDS.step;
  const stepGb =
    MEMORY_GB['open-upload'] +
    2 * MEMORY_GB['list-slices'] +
    MEMORY_GB['finish-upload'] +
    MEMORY_GB['carry-batch'];
  return {
    seconds: carrying + sending + 5 * steps,
    gbSeconds: carrying * MEMORY_GB['carry-batch'] + sending * MEMORY_GB['upload-slices'] + steps * stepGb,
  };
}
