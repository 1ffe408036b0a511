import type { Sending } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { mergeRanges, type Slice } from '../slices/slices.ts';

/** What this call achieved; only confirmed slices are promises. */
export type Tally = { confirmed: Slice[]; sent: number; resent: number; bytes: number; verified: number };

export const newTally = (): Tally => ({ confirmed: [], sent: 0, resent: 0, bytes: 0, verified: 0 });

/** Writes the tally down, once a call. */
export async function saveTally(transfer: Sending, tally: Tally, services: Services): Promise<void> {
  if (tally.sent === 0) return;
  await services.store.addWindow(transfer.id, {
    session: transfer.session,
    attempt: transfer.attempts,
    confirmed: mergeRanges(tally.confirmed),
    sentSlices: tally.sent,
    resentSlices: tally.resent,
    sentBytes: tally.bytes,
    md5Verified: tally.verified,
    at: services.clock(),
  });
  services.observe({
    kind: 'window-sent',
    transferId: transfer.id,
    bytes: tally.bytes,
    slices: tally.sent,
    resent: tally.resent,
  });
}
