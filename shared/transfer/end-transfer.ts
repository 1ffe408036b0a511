import { change } from '../records/change-transfer.ts';
import type { EndReason } from '../records/end-reason.ts';
import { type Transfer, toEnded, type UnhappyState } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { releaseTarget } from '../target/hold-target.ts';
import { withoutSecrets } from '../told-error.ts';

/** A transfer that is over: every step lets it be. */
export type EndedOutcome = {
  readonly transferId: string;
  readonly kind: 'ended';
  readonly state: Transfer['state'];
};

export const ended = ({ id, state }: Transfer): EndedOutcome => ({ transferId: id, kind: 'ended', state });

/**
 * Ends a running transfer without a stored file, and frees its target. `which` is its id, or the transfer as it was read,
 * which need not be in the table yet. The call that ended it tells of it, no other.
 */
export async function end(
  services: Services,
  which: string | Transfer,
  state: UnhappyState,
  why: EndReason,
): Promise<Transfer> {
  const reason = { ...why, message: withoutSecrets(why.message).slice(0, 2_000) };
  const [transferId, known] = typeof which === 'string' ? [which, undefined] : [which.id, which];
  const transfer = await change(services, transferId, (from) => toEnded(from, state, reason), { known });
  await releaseTarget(services, transfer);
  // the very object: a transfer that was over before carries another, even if it says the same
  if ('reason' in transfer && transfer.reason === reason) {
    services.observe({ kind: 'ended', transferId, state, error: why.error });
    services.log.warn(`transfer ${state}`, {
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
