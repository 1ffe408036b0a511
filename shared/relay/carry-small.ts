import { randomUUID } from 'node:crypto';
import { TargetBusy } from '../errors.ts';
import { type Opening, type Sending, type Transfer, toAttempted } from '../session/transfer.ts';
import { claimTarget } from './claim-target.ts';
import { leasedTime, letGo } from './lease.ts';
import type { Delivery } from './object-arrived.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { proveAndStore } from './prove.ts';
import { isGone, isHopeless, reasonOf } from './reason.ts';
import { change, end, SUPERSEDED } from './step.ts';
import { DIRECT_LEASE_MS, uploadDirect } from './upload-direct.ts';

/**
 * Carries a small object on the spot: the same steps as the machine's, without a call between them. The transfer is
 * one that was pinned a moment ago. Throws what makes its event worth another try.
 */
export async function carrySmall(
  transfer: Opening | Sending,
  parts: RelayParts,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer> {
  const holder = randomUUID();
  const leased = leasedTime(time, DIRECT_LEASE_MS);
  try {
    const claim = await claimTarget(parts, transfer, leased, { ms: DIRECT_LEASE_MS, holder });
    if (claim.kind === 'older') return await end(parts, transfer.id, 'superseded', SUPERSEDED);
    const { how, sha1 } = await uploadDirect(transfer, claim.record, parts, leased);
    const begun = { ...transfer, source: { ...transfer.source, sha1 }, attempts: transfer.attempts + 1 };
    return await proveAndStore(begun, claim.record, { how }, parts, leased);
  } catch (error) {
    await letGo(parts, transfer, holder, error);
    return setback(transfer, error, parts, delivery);
  }
}

/**
 * What passes is tried again by the queue; what will not is written down, and so is anything once the queue gives up.
 * Either way the event goes on to the dead-letter queue. A version that is gone has a successor with an event.
 */
async function setback(
  transfer: Transfer,
  error: unknown,
  parts: RelayParts,
  delivery: Delivery,
): Promise<Transfer> {
  if (isGone(error)) return end(parts, transfer.id, 'superseded', reasonOf(error));
  // another delivery of the same event carries it: its end is not for this one to tell
  if (error instanceof TargetBusy && error.bySelf) throw error;
  if (isHopeless(error) || delivery.last) await end(parts, transfer.id, 'failed', reasonOf(error));
  else await change(parts, transfer.id, (from) => toAttempted(from));
  throw error;
}
