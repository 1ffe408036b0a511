import type { Sending } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { mergeRanges, type Slice } from '../slices/slices.ts';
import type { EpochMillis } from '../time.ts';

/** What this call achieved; only confirmed slices are promises. */
export type Tally = { confirmed: Slice[]; sent: number; resent: number; bytes: number; verified: number };

export const newTally = (): Tally => ({ confirmed: [], sent: 0, resent: 0, bytes: 0, verified: 0 });

/** The call that a tally belongs to: its row in the table, and the run of slices it was given. */
type Call = { readonly row: string; readonly span: Slice; readonly began: EpochMillis };

/** Writes the tally down, at the end of a call. */
async function saveTally(transfer: Sending, tally: Tally, services: Services, call?: Call): Promise<void> {
  if (tally.sent === 0) return;
  await write(transfer, tally, services, call);
  services.observe({
    kind: 'window-sent',
    transferId: transfer.id,
    bytes: tally.bytes,
    slices: tally.sent,
    resent: tally.resent,
  });
}

/**
 * Writes the tally of a call into one row, now and then while it works: whoever watches sees it grow, and a call that is
 * killed leaves it behind. `end` writes it for the last time.
 */
export function keepTally(
  transfer: Sending,
  tally: Tally,
  services: Services,
  span: Slice,
): { end(): Promise<void> } {
  const call: Call = { row: services.newId(), span, began: services.clock() };
  let [written, seen] = [Promise.resolve(), 0];
  const look = () => {
    if (tally.confirmed.length === seen) return;
    seen = tally.confirmed.length;
    // a failed look back costs nothing: the last write has all of it
    written = written.then(() => write(transfer, tally, services, call)).catch(() => undefined);
  };
  const timer = setInterval(look, services.settings.progressMs);
  return {
    async end() {
      clearInterval(timer);
      await written; // one after another: an older tally must not replace a newer one
      await saveTally(transfer, tally, services, call);
    },
  };
}

async function write(transfer: Sending, tally: Tally, services: Services, call?: Call): Promise<void> {
  const record = {
    session: transfer.session,
    attempt: transfer.attempts,
    confirmed: mergeRanges(tally.confirmed),
    sentSlices: tally.sent,
    resentSlices: tally.resent,
    sentBytes: tally.bytes,
    md5Verified: tally.verified,
    at: services.clock(),
  };
  if (!call) return services.store.addWindow(transfer.id, record);
  const { row, span, began } = call;
  await services.store.addWindow(transfer.id, { ...record, span, began }, row);
}
