import type { Listed } from '../cos/client.ts';
import type { WindowRecord } from '../records/store.ts';
import type { Sending } from '../records/transfer.ts';
import { mergeRanges, type Slice, slicesWithin } from '../slices/slices.ts';

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

export type Evidence = {
  readonly listed: Pick<Unfinished, 'held'>;
  readonly windows: readonly WindowRecord[];
  /** COS refused to finish: only its list counts. */
  readonly strict: boolean;
};

/**
 * What need not be sent. COS's list may lag behind what it confirmed to us and what it listed before, so all of it counts;
 * `strict` after COS refused to finish: then only its list does. Under `trustListed: verified` a listed slice counts only with a confirmed MD5, and
 * never if it arrived damaged and was not confirmed since.
 */
export function heldSlices(
  all: readonly Slice[],
  { session, options }: Pick<Sending, 'session' | 'options'>,
  { listed, windows, strict }: Evidence,
): Slice[] {
  const confirmed = confirmedSlices(all, session, windows);
  const damaged = damagedSlices(all, session, windows);
  const sound = without(listed.held, damaged);
  const believed = options.trustListed === 'listed';
  if (!strict && !believed) return confirmed;
  if (!strict) {
    const listedBefore = noted(all, session, windows, ({ heldBefore = [] }) => heldBefore);
    return [...sound, ...confirmed, ...without(listedBefore, damaged)];
  }
  if (believed) return sound;
  const lengthAt = new Map(sound.map((slice) => [slice.offset, slice.length]));
  return confirmed.filter((slice) => lengthAt.get(slice.offset) === slice.length);
}

/** The slices of the session that COS confirmed by their MD5. */
export function confirmedSlices(
  all: readonly Slice[],
  session: string,
  windows: readonly WindowRecord[],
): Slice[] {
  return noted(all, session, windows, ({ confirmed }) => confirmed);
}

/** The slices of the plan that lie whole in what the windows of the session note. */
function noted(
  all: readonly Slice[],
  session: string,
  windows: readonly WindowRecord[],
  ranges: (window: WindowRecord) => readonly Slice[],
): Slice[] {
  const mine = windows.filter((window) => window.session === session);
  return slicesWithin(all, mergeRanges(mine.flatMap(ranges)));
}

/** Slices whose last word is that COS stored other bytes than were sent. */
export function damagedSlices(
  all: readonly Slice[],
  session: string,
  windows: readonly WindowRecord[],
): Slice[] {
  const mine = windows.filter((window) => window.session === session);
  return mine.flatMap(({ damaged = [], at }) => {
    const since = mine.filter((window) => window.at >= at);
    return without(damaged, confirmedSlices(all, session, since));
  });
}

function without(slices: readonly Slice[], others: readonly Slice[]): Slice[] {
  const offsets = new Set(others.map(({ offset }) => offset));
  return slices.filter(({ offset }) => !offsets.has(offset));
}
