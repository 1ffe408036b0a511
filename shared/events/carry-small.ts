import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import { isGone, isHopeless, reasonOf } from '../records/end-reason.ts';
import type { S3Origin } from '../records/source-version.ts';
import type { Target } from '../records/target-record.ts';
import { type Opening, type Sending, type Transfer, toAttempted } from '../records/transfer.ts';
import { proveAndStore } from '../relay/prove.ts';
import {
  DIRECT_HOLD_MS,
  type Direct,
  sendDirect,
  turnToSlices,
  uploadDirect,
} from '../relay/upload-direct.ts';
import type { Fetched } from '../s3/object-source.ts';
import type { Machine, Services, StepTime } from '../services.ts';
import { holdAsTold } from '../target/claim-as-told.ts';
import { ownerOf } from '../target/claim-order.ts';
import { claimAndHold } from '../target/claim-target.ts';
import { beginWithin } from '../transfer/begin-within.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';
import { knownOrNew, startMachine } from '../transfer/register-transfer.ts';
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
    const carried = await claimAndHold(services, transfer, under, async (target, own) =>
      prove(transfer, target, await uploadDirect(transfer, target, services, own), { services, time: own }),
    );
    if (carried.kind === 'ours') return carried.value;
    return await end(services, transfer, 'superseded', SUPERSEDED);
  } catch (error) {
    return notCarried(transfer, error, services, delivery);
  }
}

/** What came of the request is written down, if COS says that it is so. */
function prove(
  transfer: Opening | Sending,
  target: Target,
  { how, sha1 }: Direct,
  { services, time }: { readonly services: Services; readonly time: StepTime },
): Promise<Transfer> {
  const begun = { ...transfer, source: { ...transfer.source, sha1 }, attempts: transfer.attempts + 1 };
  return proveAndStore({ transfer: begun, target }, { how }, services, time);
}

/**
 * The same for a version that only its event told of: one GET under the hold says all that a look before it would. Undefined:
 * the event tells too little, somebody would lose the target by it, or S3 says something else. Nothing was begun then.
 */
export async function carryAsTold(
  told: S3Origin,
  services: Services & { readonly machine: Machine },
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer | undefined> {
  if (!tellsEnough(told, services) || delivery.late) return undefined;
  const fresh = await knownOrNew(told, delivery.to, services);
  if (fresh.revision > 0 || fresh.state !== 'opening') return undefined;
  await beginWithin(services, told.size);
  const claim = { name: targetName(fresh.target), owner: ownerOf(fresh.id, told), holdMs: DIRECT_HOLD_MS };
  let confirmed: Opening | undefined;
  try {
    const carried = await holdAsTold<Fetched, Transfer>(services, claim, time, {
      confirm: ({ signal }) => services.source.fetch(told, signal),
      owner: ({ object }) => ownerOf(fresh.id, { ...told, ...object }),
      async work(target, { object, metadata, content }, own) {
        const source = { ...told, ...object };
        const transfer = { ...fresh, source, metadata };
        confirmed = transfer;
        const sent = await sendDirect(transfer, { target, source, content }, services, own);
        return prove(transfer, target, sent, { services, time: own });
      },
    });
    if (carried.kind === 'ours') return carried.value;
    services.budget?.giveBack(told.size);
    return undefined;
  } catch (error) {
    if (!confirmed) throw error;
    return notCarried(confirmed, error, services, delivery);
  }
}

/** The sequencer gives the version its place in the order, and its name where S3 keeps no versions; what is empty cannot be read. */
const tellsEnough = ({ etag, size, sequencer }: S3Origin, { settings }: Services): boolean =>
  etag !== '' &&
  sequencer !== undefined &&
  size > 0 &&
  size <= Math.min(settings.smallObjectMax, settings.maxObjectBytes);

async function notCarried(
  transfer: Opening | Sending,
  error: unknown,
  services: Services & { readonly machine: Machine },
  delivery: Delivery,
): Promise<Transfer> {
  const turned = await turnToSlices(transfer, error, services);
  if (!turned) return setback(transfer, error, services, delivery);
  await startMachine(turned, services.machine);
  return turned;
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
