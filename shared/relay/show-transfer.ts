import type { WindowRecord } from '../session/store.ts';
import type { Transfer } from '../session/transfer.ts';
import type { IdInput, TransferView } from './api-words.ts';
import type { RelayParts } from './parts.ts';
import { progressOf } from './progress.ts';
import { load } from './step.ts';

/** A transfer as the API shows it, with what its workers confirmed so far. Throws UnknownTransfer. */
export async function showTransfer({ path }: IdInput, parts: RelayParts): Promise<TransferView> {
  return show(await load(parts, path.id), parts);
}

export async function show(transfer: Transfer, parts: RelayParts): Promise<TransferView> {
  const windows = transfer.state === 'sending' ? await parts.store.windows(transfer.id) : [];
  return viewOf(transfer, windows, parts.clock());
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
