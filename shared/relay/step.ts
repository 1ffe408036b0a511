import { UnknownTransfer } from '../errors.ts';
import {
  isActive,
  type Opening,
  type Sending,
  type Transfer,
  toEnded,
  type UnhappyState,
} from '../session/transfer.ts';
import { releaseTarget } from './lease.ts';
import type { RelayParts } from './parts.ts';

/** A transfer that is over: every step lets it be. */
export type EndedOutcome = {
  readonly transferId: string;
  readonly kind: 'ended';
  readonly state: Transfer['state'];
};

export const ended = ({ id, state }: Transfer): EndedOutcome => ({ transferId: id, kind: 'ended', state });

/** Throws UnknownTransfer. */
export async function load(parts: Pick<RelayParts, 'store'>, transferId: string): Promise<Transfer> {
  const transfer = await parts.store.get(transferId);
  if (!transfer) throw new UnknownTransfer(`no transfer ${transferId}`);
  return transfer;
}

/**
 * Changes a running transfer; tries again when somebody else wrote in between. Raises `revision` and `updatedAt` itself;
 * `undefined` from `next` means: leave it as it is. Resolves with what is stored afterwards: the ended transfer,
 * unchanged, if it is over. Throws UnknownTransfer, and the signal's reason between two tries.
 */
export async function change(
  parts: Pick<RelayParts, 'store' | 'clock'>,
  transferId: string,
  next: (from: Opening | Sending) => Transfer | undefined,
  { known, signal }: ChangeOptions = {},
): Promise<Transfer> {
  for (let from = known; ; from = undefined) {
    signal?.throwIfAborted();
    from ??= await load(parts, transferId);
    const changed = isActive(from) ? next(from) : undefined;
    if (!changed) return from;
    const to = { ...changed, updatedAt: parts.clock(), revision: from.revision + 1 };
    if (await parts.store.replace(to)) return to;
  }
}

export type ChangeOptions = {
  /** The record as it was read a moment ago: saves a read when nobody wrote since. */
  readonly known?: Transfer | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Ends a running transfer without a stored file, and frees its target. */
export async function end(
  parts: RelayParts,
  transferId: string,
  state: UnhappyState,
  why: EndReason,
  holder?: string,
): Promise<Transfer> {
  const reason = { ...why, message: why.message.slice(0, 2_000) };
  const transfer = await change(parts, transferId, (from) => toEnded(from, state, reason));
  await releaseTarget(parts, transfer, holder);
  if (transfer.state === state) {
    parts.observe({ kind: 'ended', transferId, state, error: why.error });
    parts.log.warn(`transfer ${state}`, {
      transferId,
      error: why.error,
      reason: reason.message,
      cosCode: why.cosCode,
      requestId: why.requestId,
    });
  }
  return transfer;
}

export const SUPERSEDED = {
  error: 'Superseded',
  message: 'a newer version of the same source owns the target',
};

export type EndReason = {
  error: string;
  message: string;
  wayOut?: string | undefined;
  cosCode?: number | undefined;
  requestId?: string | undefined;
};
