import type { MapView } from '../../../shared/api/map-schemas.ts';

/** One cell a slice up to so many; a larger file is shown in so many buckets. */
export const CELLS_MAX = 20_000;

type Ranges = readonly (readonly number[])[];

/** When each slice was held before, confirmed or damaged, in ms since the epoch; Infinity: never. */
export type History = {
  readonly slices: number;
  readonly sliceSize: number;
  readonly size: number;
  readonly before: Float64Array;
  readonly sent: Float64Array;
  readonly damaged: Float64Array;
  /** First slice of each window that a call was given. */
  readonly borders: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
};

/** Pure. A call writes down ranges and when it began and wrote last: its slices are spread evenly over that time. */
export function historyOf(map: Omit<MapView, 'etag'>): History {
  const slices = Math.ceil(map.size / map.sliceSize);
  const never = () => new Float64Array(slices).fill(Number.POSITIVE_INFINITY);
  const [before, sent, damaged] = [never(), never(), never()];
  const indexes = (ranges: Ranges): number[] =>
    ranges.flatMap(([offset = 0, length = 0]) => {
      const first = Math.floor(offset / map.sliceSize);
      return Array.from({ length: Math.ceil(length / map.sliceSize) }, (_, at) => first + at);
    });
  const earliest = (times: Float64Array, at: number, time: number) => {
    if (at < slices && time < (times[at] ?? 0)) times[at] = time;
  };
  for (const { at, ranges } of map.heldBefore) for (const one of indexes(ranges)) earliest(before, one, at);
  for (const call of map.calls) {
    const mine = indexes(call.confirmed);
    const step = (call.at - call.began) / Math.max(1, mine.length);
    for (const [order, one] of mine.entries()) earliest(sent, one, call.began + step * (order + 1));
    for (const one of indexes(call.damaged ?? [])) earliest(damaged, one, call.at);
  }
  const borders = new Set(
    map.calls.flatMap(({ span }) => (span ? [Math.floor(span[0] / map.sliceSize)] : [])),
  );
  const to = Math.max(map.updatedAt, ...map.calls.map(({ at }) => at));
  return {
    slices,
    sliceSize: map.sliceSize,
    size: map.size,
    before,
    sent,
    damaged,
    borders,
    from: map.createdAt,
    to,
  };
}

export type Kind = 'before' | 'sent' | 'damaged' | 'working' | 'missing';
export type Cell = { readonly kind: Kind; readonly share: number };

/** What the slice was at a time. `working` are runs that a call has not ended. */
export function kindAt(history: History, index: number, time: number, working: ReadonlySet<number>): Kind {
  const [before = 0, sent = 0, damaged = 0] = [
    history.before[index],
    history.sent[index],
    history.damaged[index],
  ];
  if (before <= time) return 'before'; // an attempt found it held, whoever had sent it
  if (sent <= time) return damaged <= time ? 'damaged' : 'sent';
  if (damaged <= time) return 'working';
  return working.has(index) ? 'working' : 'missing';
}

/** Slices within the windows of calls that still run. */
export function workingSlices(map: Omit<MapView, 'etag'>, live: boolean): Set<number> {
  const found = new Set<number>();
  if (!live || map.state !== 'sending') return found;
  const last = Math.max(0, ...map.calls.map(({ attempt }) => attempt));
  for (const { span, attempt, confirmed } of map.calls) {
    const done = confirmed.reduce((sum, [, length]) => sum + length, 0);
    if (!span || attempt < last || done >= span[1]) continue;
    const first = Math.floor(span[0] / map.sliceSize);
    for (let at = 0; at < Math.ceil(span[1] / map.sliceSize); at += 1) found.add(first + at);
  }
  return found;
}

export type Counts = { readonly before: number; readonly sent: number; readonly missing: number };

export function countsAt(history: History, time: number): Counts {
  let [before, sent] = [0, 0];
  for (let at = 0; at < history.slices; at += 1) {
    const kind = kindAt(history, at, time, NONE);
    if (kind === 'before') before += 1;
    else if (kind === 'sent' || kind === 'damaged') sent += 1;
  }
  return { before, sent, missing: history.slices - before - sent };
}

const NONE: ReadonlySet<number> = new Set();

/** Bytes confirmed in each of `bins` equal stretches of the time from the first to the last slice, and how long one is, in ms. */
export function ratesOf(
  { sent, sliceSize, from, to }: History,
  bins: number,
): { rates: number[]; binMs: number } {
  const binMs = Math.max(1, (to - from) / bins);
  const rates = new Array<number>(bins).fill(0);
  for (const time of sent) {
    if (time === Number.POSITIVE_INFINITY) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((time - from) / binMs)));
    rates[bin] = (rates[bin] ?? 0) + (sliceSize * 1000) / binMs;
  }
  return { rates, binMs };
}
