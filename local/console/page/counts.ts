import { useEffect, useRef, useState } from 'preact/hooks';
import type { TransferView } from '../../../shared/api/views.ts';
import { api, CallFailed } from './api.ts';

export type Shown = {
  readonly transfers: readonly TransferView[] | undefined;
  /** There are no others. */
  readonly isAll: boolean;
};
export type Counts = ReadonlyMap<string, number>;

/** Counting reads each row of the index: it pauses longer the more there are, so that an hour of it has its price. */
const APART_MS = 2_000;
const MS_A_ROW = 1;
/** What changes among those that are not shown is counted after so long. */
const AT_REST_MS = 60_000;

/**
 * How many there are of each state; undefined before the first count: 0 would be a claim. Where all are `shown` nothing is asked,
 * else they are counted anew when what is shown changed.
 */
export function useCounts({ transfers, isAll }: Shown): Counts | undefined {
  const [counts, setCounts] = useState<Counts>();
  const shown = isAll ? undefined : transfers?.map((one) => one.id + one.state).join();
  const before = useRef({ at: Number.NEGATIVE_INFINITY, rows: 0, counting: false });
  useEffect(() => {
    if (shown === undefined) return;
    let timer = 0;
    const count = async () => {
      const { current } = before;
      const isBusy = current.counting;
      if (!isBusy && !document.hidden) {
        current.counting = true;
        try {
          const counted = await api.counts();
          current.rows = [...counted.values()].reduce((sum, some) => sum + some, 0);
          setCounts(counted);
        } catch (error) {
          if (!(error instanceof CallFailed)) throw error; // the list tells of it, and the next change asks again
        } finally {
          current.at = performance.now();
          current.counting = false;
        }
      }
      if (timer !== 0) timer = window.setTimeout(count, isBusy ? APART_MS : AT_REST_MS);
    };
    const { at, rows } = before.current;
    timer = window.setTimeout(
      count,
      Math.max(0, at + Math.max(APART_MS, rows * MS_A_ROW) - performance.now()),
    );
    return () => {
      window.clearTimeout(timer);
      timer = 0;
    };
  }, [shown]);
  return isAll && transfers ? countsIn(transfers) : counts;
}

function countsIn(transfers: readonly TransferView[]): Counts {
  const counts = new Map<string, number>();
  for (const { state } of transfers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
