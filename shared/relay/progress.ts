import type { WindowRecord } from '../session/store.ts';
import type { Sending } from '../session/transfer.ts';
import { mergeRanges, totalBytes } from '../slices/slices.ts';
import type { EpochMillis } from '../time.ts';

export type Progress = {
  readonly heldBytes: number;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
};

/** The rate is that of the last five minutes at most: what was before says little about what comes. */
const RATE_SPAN_MS = 300_000;

/** How far a running upload is: what COS listed last, and what was confirmed since. */
export function progressOf(
  { session, heldBytes, listedAt, source }: Sending,
  windows: readonly WindowRecord[],
  now: EpochMillis,
): Progress {
  const mine = windows.filter((window) => window.session === session);
  const confirmedSince = (since: EpochMillis) =>
    totalBytes(mergeRanges(mine.filter(({ at }) => at > since).flatMap(({ confirmed }) => confirmed)));

  const listed = heldBytes + confirmedSince(listedAt);
  const held = Math.min(source.size, Math.max(listed, confirmedSince(0)));
  const since = Math.max(listedAt, now - RATE_SPAN_MS);
  const bytesPerSecond = Math.floor((confirmedSince(since) * 1_000) / Math.max(1, now - since));
  if (bytesPerSecond === 0) return { heldBytes: held };
  return {
    heldBytes: held,
    bytesPerSecond,
    secondsLeft: Math.ceil((source.size - held) / bytesPerSecond),
  };
}
