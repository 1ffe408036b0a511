import { TargetBusy } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import { isGone, isHopeless, reasonOf } from '../records/end-reason.ts';
import { type Opening, type Sending, type Transfer, toAttempted } from '../records/transfer.ts';
import { proveAndStore } from '../relay/prove.ts';
import { DIRECT_HOLD_MS, turnToSlices, uploadDirect } from '../relay/upload-direct.ts';
import type { Machine, Services, StepTime } from '../services.ts';
import { claimAndHold } from '../target/claim-target.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';
import { startMachine } from '../transfer/register-transfer.ts';
import type { Delivery } from './delivery.ts';

/**
 * Carries a small object on the spot: the same steps as the machine's, without a call between them. The transfer is
 * one that was pinned a moment ago, and need not be in the table yet: how it ends is then its first record. What one request
 * does not carry in time is left to the machine, in slices. Throws what makes its event worth another try.
 */
export async function carrySmall(
  transfer: Opening | Sending,
  services: Services & { readonly machine: Machine },
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer> {
  try {
    const under = { time, holdMs: DIRECT_HOLD_MS };
    const carried = await claimAndHold(services, transfer, under, async (target, own) => {
      const { how, sha1 } = await uploadDirect(transfer, target, services, own);
      const begun = { ...transfer, source: { ...transfer.source, sha1 }, attempts: transfer.attempts + 1 };
      return proveAndStore({ transfer: begun, target }, { how }, services, own);
    });
    if (carried.kind === 'ours') return carried.value;
    return await end(services, transfer, 'superseded', SUPERSEDED);
  } catch (error) {
    const turned = await turnToSlices(transfer, error, services);
    if (turned) {
      await startMachine(turned, services.machine);
      return turned;
    }
    return setback(transfer, error, services, delivery);
  }
}

/**
 * What passes is tried again by the queue; what will not is written down, and so is anything once the queue gives up.
 * Either way the event goes on to the dead-letter queue. A version that is gone has a successor with an event.
 */
async function setback(
  transfer: Transfer,
  error: unknown,
  services: Services,
  delivery: Delivery,
): Promise<Transfer> {
  if (isGone(error)) return end(services, transfer, 'superseded', reasonOf(error));
  // another delivery of the same event carries it: its end is not for this one to tell
  if (error instanceof TargetBusy && error.bySelf) throw error;
  if (isHopeless(error) || delivery.last) await end(services, transfer, 'failed', reasonOf(error));
  else await change(services, transfer.id, (from) => toAttempted(from), { known: transfer });
  throw error;
}
