import type { Outcome } from '../records/backfill-job.ts';
import type { Services } from '../services.ts';
import type { OutcomeLine } from './outcome-line.ts';

/** What a backfill had to do, or would have to. Sizes in bytes. */
export type Workload = {
  /** Children of the first pass. */
  readonly batches: number;
  /** Objects for which S3, the table and COS are asked; of the rest the listing says enough. */
  readonly asked: number;
  /** Sent in one request each. */
  readonly small: { readonly objects: number; readonly bytes: number };
  /** Sent by the relay machine. */
  readonly large: { readonly objects: number; readonly bytes: number; readonly windows: number };
};

export type WindowSettings = Pick<
  Services['settings'],
  'smallObjectMax' | 'windowBytes' | 'maxWindows' | 'maxConcurrency'
>;

/** Of these the listing said enough. */
const UNASKED: readonly Outcome[] = ['filtered', 'archived', 'bad-name', 'live', 'extra'];
/** Below this a window gets no worker of its own, in bytes; shared/slices/windows.ts plans so. */
const SPREAD_BYTES = 16 * 1_048_576;

/** Sums up what the lines of a report took, or of a plan would take. */
export function openWorkload(settings: WindowSettings) {
  let asked = 0;
  const small = { objects: 0, bytes: 0 };
  const large = { objects: 0, bytes: 0, windows: 0 };
  return {
    add({ outcome, size = 0 }: OutcomeLine): void {
      if (!UNASKED.includes(outcome)) asked += 1;
      if (outcome !== 'stored' && outcome !== 'to-send') return;
      const kind = size <= settings.smallObjectMax ? small : large;
      kind.objects += 1;
      kind.bytes += size;
      if (kind === large) large.windows += windowsOf(size, settings);
    },
    sum: (): Omit<Workload, 'batches'> => ({ asked, small: { ...small }, large: { ...large } }),
  };
}

function windowsOf(size: number, { windowBytes, maxWindows, maxConcurrency }: WindowSettings): number {
  const spread = Math.min(maxConcurrency, Math.ceil(size / SPREAD_BYTES));
  return Math.min(maxWindows, Math.max(Math.ceil(size / windowBytes), spread));
}
