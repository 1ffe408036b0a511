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
export async function load(parts: RelayParts, transferId: string): Promise<Transfer> {
  const transfer = await parts.store.get(transferId);
  if (!transfer) throw new UnknownTransfer(`no transfer ${transferId}`);
  return transfer;
}

/**
 * Changes a running transfer; tries again when somebody else wrote in between. Resolves with what is stored afterwards:
 * the ended transfer, unchanged, if it is over.
 */
export async function change(
  parts: RelayParts,
  transferId: string,
  next: (from: Opening | Sending) => Transfer,
  known?: Transfer,
): Promise<Transfer> {
  for (let from = known; ; from = undefined) {
    from ??= await load(parts, transferId);
    if (!isActive(from)) return from;
    const to = next(from);
    if (await parts.store.replace(to)) return to;
  }
}

/** Ends a running transfer without a stored file, and frees its target. */
export async function end(
  parts: RelayParts,
  transferId: string,
  state: UnhappyState,
  why: EndReason,
  holder?: string,
): Promise<Transfer> {
  const reason = { ...why, message: why.message.slice(0, 2_000) };
  const transfer = await change(parts, transferId, (from) => toEnded(from, state, reason, parts.clock()));
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
