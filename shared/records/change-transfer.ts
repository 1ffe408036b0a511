import { UnknownTransfer } from '../errors.ts';
import type { Clock } from '../time.ts';
import type { TransferStore } from './store.ts';
import { inSequence, isActive, type Opening, type Sending, type Transfer } from './transfer.ts';

type Recorded = { readonly store: TransferStore; readonly clock: Clock };

/** Throws UnknownTransfer. */
export async function load(services: Pick<Recorded, 'store'>, transferId: string): Promise<Transfer> {
  const transfer = await services.store.get(transferId);
  if (!transfer) throw new UnknownTransfer(`no transfer ${transferId}`);
  return transfer;
}

/**
 * Changes a running transfer; tries again when somebody else wrote in between. Raises `revision` and `updatedAt` itself;
 * `undefined` from `next` means: leave it as it is. Resolves with what is stored afterwards: the ended transfer,
 * unchanged, if it is over. Throws UnknownTransfer, and the signal's reason between two tries.
 */
export async function change(
  services: Recorded,
  transferId: string,
  next: (from: Opening | Sending) => Transfer | undefined,
  { known, signal }: ChangeOptions = {},
): Promise<Transfer> {
  for (let from = known; ; from = undefined) {
    signal?.throwIfAborted();
    from ??= inPlaceOf(known, await load(services, transferId));
    const changed = isActive(from) ? next(from) : undefined;
    if (!changed) return from;
    const to = { ...changed, updatedAt: services.clock(), revision: from.revision + 1 };
    if (await services.store.replace(to)) return to;
  }
}

/**
 * Who named the version first, over the API, knew no sequencer of it; whoever brings one writes it down: without it the
 * version would pass everything that came in the same second.
 */
function inPlaceOf(known: Transfer | undefined, stored: Transfer): Transfer {
  return known && isActive(stored) ? inSequence(stored, known.source) : stored;
}

export type ChangeOptions = {
  /** The record as it was read a moment ago: saves a read when nobody wrote since. */
  readonly known?: Transfer | undefined;
  readonly signal?: AbortSignal | undefined;
};
