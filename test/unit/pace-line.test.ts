import { expect, test } from 'vitest';
import { openPace, type Place, WORKER_BOUNDS } from '../../shared/cos/pace.ts';

/** A line in virtual time: a slice takes the latency, and waits behind those before it for its share of the rate. */
type Line = {
  /** Slices a second. */
  readonly rate: number;
  readonly latencyMs: number;
  /** How many of a hundred take ten times the latency, and how many COS refuses as too many. */
  readonly slow?: number;
  readonly refused?: number;
  /** What a slice takes besides is between nothing and several times this, in ms. */
  readonly unevenMs?: number;
};

type Sent = { readonly at: number; readonly place: Place; readonly again: boolean };

/** Sends over a line that may change at any time; `limit` fixed, or the pace that the worker has. */
function sender(first: Line, fixed?: number) {
  let [line, clock, lineFree, done, drawn] = [first, 0, 0, 0, 1];
  const bounds =
    fixed === undefined ? { ...WORKER_BOUNDS, most: 32 } : { start: fixed, least: fixed, most: fixed };
  const pace = openPace({ ...bounds, now: () => clock });
  let onWire: Sent[] = [];

  const random = () => {
    drawn = (drawn * 48_271) % 2_147_483_647;
    return drawn / 2_147_483_647;
  };
  const happens = (ofHundred = 0) => random() * 100 < ofHundred;
  const send = (place: Place, from: number) => {
    lineFree = Math.max(lineFree, from) + 1_000 / line.rate;
    const latency = happens(line.slow) ? 10 * line.latencyMs : line.latencyMs;
    const uneven = line.unevenMs ? -Math.log(random()) * line.unevenMs : 0;
    onWire.push({ place, at: lineFree + latency + uneven, again: happens(line.refused) });
  };
  const step = () => {
    for (let place = pace.enterNow(); place; place = pace.enterNow()) send(place, clock);
    onWire.sort((a, b) => a.at - b.at);
    const [next, ...rest] = onWire;
    if (!next) return;
    [clock, onWire] = [next.at, rest];
    if (next.again) {
      if (fixed === undefined) pace.slowDown();
      send(next.place, clock + 100); // the retry keeps its place, and pauses
      return;
    }
    done += 1;
    next.place.leave();
  };

  return {
    pace,
    /** Slices a second over so many seconds. */
    rateOver(seconds: number): number {
      const [since, before] = [clock, done];
      while (clock < since + seconds * 1_000) step();
      return ((done - before) * 1_000) / (clock - since);
    },
    /** Slices a second over the next so many slices. */
    rateOf(slices: number): number {
      const [since, until] = [clock, done + slices];
      while (done < until) step();
      return (slices * 1_000) / (clock - since);
    },
    /** A round: as many slices as may be in flight. */
    rounds(count: number): void {
      for (let round = 0; round < count; round += 1)
        for (let until = done + pace.limit; done < until; ) step();
    },
    change(to: Line): void {
      line = to;
    },
  };
}

const bestFixed = (rate: (fixed: number) => number): number =>
  Math.max(...[2, 4, 8, 12, 16, 24, 32].map(rate));
const best = (line: Line, seconds = 60): number =>
  bestFixed((fixed) => sender(line, fixed).rateOver(seconds));

test.each([5, 50, 200])(
  'at %d ms of latency the pace reaches what the best fixed setting does',
  (latencyMs) => {
    const line = { rate: 120, latencyMs };

    const own = sender(line).rateOver(60);

    expect(own / best(line)).toBeGreaterThan(0.99);
  },
);

test.each([
  [5, 20, 0.93],
  [50, 30, 0.98],
  [200, 30, 0.97],
])(
  'at %d ms of latency and slices that take unevenly long besides (%d ms) it stays near the best',
  (latencyMs, unevenMs, least) => {
    const line = { rate: 120, latencyMs, unevenMs };

    const own = sender(line).rateOver(60);

    expect(own / best(line)).toBeGreaterThan(least);
  },
);

test.each([
  [5, 0.99],
  [50, 0.99],
  [200, 0.93],
])(
  'a worker that has just begun does not lose its first 128 MiB to finding its pace, at %d ms',
  (latencyMs, least) => {
    const line = { rate: 120, latencyMs };

    const own = sender(line).rateOf(128);

    expect(own / bestFixed((fixed) => sender(line, fixed).rateOf(128))).toBeGreaterThan(least);
  },
);

test.each([
  ['slow', { slow: 1 }],
  ['refused', { refused: 1 }],
])('with one request of a hundred %s no more than a tenth is lost', (_, trouble) => {
  const line = { rate: 120, latencyMs: 150 };

  const rate = sender({ ...line, ...trouble }).rateOver(120);

  expect(rate / sender(line).rateOver(120)).toBeGreaterThan(0.9);
});

test('a line that narrows to a tenth is followed within ten rounds: its queue is short again', () => {
  const { change, pace, rateOver, rounds } = sender({ rate: 120, latencyMs: 150 });
  rateOver(30);
  expect(pace.limit).toBe(32);

  change({ rate: 12, latencyMs: 150 });
  rounds(10);

  expect(pace.limit).toBeLessThanOrEqual(12); // the line holds three; four times that is room to grow
  expect(rateOver(30)).toBeGreaterThan(11.5);
});

test('a line that widens again is followed within ten rounds', () => {
  const { change, rateOver, rounds } = sender({ rate: 120, latencyMs: 150 });
  const before = rateOver(30);
  change({ rate: 12, latencyMs: 150 });
  rateOver(60);

  change({ rate: 120, latencyMs: 150 });
  rounds(10);

  expect(rateOver(10) / before).toBeGreaterThan(0.95);
});
