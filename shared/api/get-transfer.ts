import type { WindowRecord } from '../records/store.ts';
import type { Sending, Transfer } from '../records/transfer.ts';
import type { ApiServices, Services } from '../services.ts';
import { mergeRanges, totalBytes } from '../slices/slices.ts';
import type { EpochMillis } from '../time.ts';
import { loadFor } from './access.ts';
import type { IdInput } from './request-schemas.ts';
import type { TransferView } from './views.ts';

/** A transfer as the API shows it, with what its workers confirmed so far. Throws UnknownTransfer. */
export async function showTransfer({ caller, path }: IdInput, services: ApiServices): Promise<TransferView> {
  return show(await loadFor(caller, path.id, 'look', services), services);
}

export async function show(transfer: Transfer, services: Services): Promise<TransferView> {
  const windows = transfer.state === 'sending' ? await services.store.windows(transfer.id) : [];
  return viewOf(transfer, windows, services.clock());
}

/** Pure; without the windows the progress is that of the last listing. */
export function viewOf(transfer: Transfer, windows: readonly WindowRecord[], now: number): TransferView {
  const { id, state, source, target, options, createdAt, updatedAt, attempts } = transfer;
  return {
    id,
    state,
    source,
    target,
    options,
    createdAt,
    updatedAt,
    attempts,
    ...(transfer.state === 'sending' && { sliceSize: transfer.sliceSize, serial: transfer.serial }),
    progress: progressView(transfer, windows, now),
    ...('reason' in transfer && { reason: transfer.reason }),
    ...('receipt' in transfer && { receipt: transfer.receipt }),
    links: linksOf(id),
  };
}

/** Relative to the address of the API. */
const linksOf = (id: string): TransferView['links'] => ({
  self: `/transfers/${id}`,
  slices: `/transfers/${id}/slices`,
  finish: `/transfers/${id}/finish`,
});

function progressView(
  transfer: Transfer,
  windows: readonly WindowRecord[],
  now: number,
): TransferView['progress'] {
  const { size: total } = transfer.source;
  if (transfer.state !== 'sending') {
    return { bytes: { total, held: transfer.state === 'stored' ? total : 0 } };
  }
  const { heldBytes, ...speed } = progressOf(transfer, windows, now);
  const all = Math.ceil(total / transfer.sliceSize);
  const slices = heldBytes === total ? all : Math.floor(heldBytes / transfer.sliceSize);
  return { bytes: { total, held: heldBytes }, slices: { total: all, held: slices }, ...speed };
}

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
