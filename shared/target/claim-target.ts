import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import { isHopeless } from '../records/end-reason.ts';
import { isHeldAt, type Owner, recordedIn, type Target } from '../records/target-record.ts';
import { isActive, type Transfer, toEnded } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from './abandon-session.ts';
import { changeTarget } from './change-target.ts';
import { type Claimant, ownerOf } from './claim-order.ts';
import { withinHold } from './hold-target.ts';
import { claimed, letGo, released } from './hold-transitions.ts';
import { uploadForgotten } from './transitions.ts';

export type Claimed = { readonly kind: 'ours'; readonly target: Target } | { readonly kind: 'older' };

type Claiming = Pick<Services, 'store' | 'clock' | 'cos' | 'observe' | 'newId'>;

/**
 * Takes the target for this transfer, or learns that a newer version has it. A running transfer of an older version
 * is superseded, and its open session deleted: what it may still send then lands nowhere. Throws TargetBusy.
 */
export async function claimTarget(services: Claiming, transfer: Transfer, time: StepTime): Promise<Claimed> {
  const mine = { owner: ownerOf(transfer.id, transfer.source) };
  const taken = await takeTarget(services, targetName(transfer.target), mine, time.signal);
  if (taken.kind === 'older') return taken;
  return { kind: 'ours', target: await fence(services, transfer, taken.target, time) };
}

/** Who wants the target for one request that nothing else can stop, and for how long, in ms. */
export type HeldClaim = { readonly name: string; readonly owner: Owner; readonly holdMs: number };
/** What is done under a hold: `by` names the hold, and the time ends with it. */
export type HeldWork<T> = (target: Target, time: StepTime, by: string) => Promise<T>;
export type HeldOutcome<T> = { readonly kind: 'ours'; readonly value: T } | { readonly kind: 'older' };

/** `claimTarget` and `takeAndHold` in one: a small object has no session that could be taken away. Throws TargetBusy. */
export const claimAndHold = <T>(
  services: Claiming,
  transfer: Transfer,
  { time, holdMs }: { readonly time: StepTime; readonly holdMs: number },
  work: HeldWork<T>,
): Promise<HeldOutcome<T>> => {
  const owner = ownerOf(transfer.id, transfer.source);
  const claim = { name: targetName(transfer.target), owner, holdMs };
  return takeAndHold(services, claim, time, async (target, own, by) =>
    work(await fence(services, transfer, target, own), own, by),
  );
};

/**
 * Takes the target and runs `work` under a hold. Work that fails gives the hold back; work that succeeds ends with a
 * transition that does (`settled`, `fileDeleted`, `released`), or leaves it to the step after. Throws TargetBusy.
 */
export async function takeAndHold<T>(
  services: Claiming,
  { name, owner, holdMs }: HeldClaim,
  time: StepTime,
  work: HeldWork<T>,
): Promise<HeldOutcome<T>> {
  const by = services.newId();
  const hold = { until: services.clock() + holdMs, by };
  return withinHold(time, holdMs, async (own) => {
    try {
      const taken = await takeTarget(services, name, { owner, hold }, own.signal);
      return taken.kind === 'older' ? taken : { kind: 'ours', value: await work(taken.target, own, by) };
    } catch (error) {
      await changeTarget(services, name, letGo(by, isHopeless(error)));
      throw error;
    }
  });
}

/** One conditional write decides who owns the target; whom it was taken from is superseded. Throws TargetBusy. */
async function takeTarget(
  services: Pick<Services, 'store' | 'clock' | 'observe'>,
  name: string,
  mine: Claimant,
  signal?: AbortSignal,
): Promise<Claimed> {
  const { transferId, sourceName } = mine.owner;
  for (;;) {
    const taken = await changeTarget(services, name, claimed(mine, name, services.clock()), { signal });
    if (taken.done) {
      const { before, target } = taken;
      const supersedes = before?.active && before.owner.sourceName === sourceName;
      if (supersedes && before.owner.transferId !== transferId)
        await supersede(services, before.owner.transferId, transferId);
      return { kind: 'ours', target };
    }
    if (taken.why === 'older') return { kind: 'older' };
    if (taken.target && (await isFreed(services, taken.target))) continue;
    const owner = taken.target?.owner.transferId;
    throw new TargetBusy(`${name} is being written by transfer ${owner}`, { bySelf: owner === transferId });
  }
}

/** An owner whose transfer is over has no claim, whatever died before it could say so: its target is released. */
async function isFreed(services: Pick<Services, 'store' | 'clock'>, target: Target): Promise<boolean> {
  const { name, active, owner } = target;
  const now = services.clock();
  if (!active || isHeldAt(target, now)) return false;
  const transfer = await services.store.get(owner.transferId);
  if (transfer && isActive(transfer)) return false;
  await changeTarget(services, name, released(owner.transferId, now));
  return true;
}

/** Closes the door behind an upload of another transfer of ours. */
async function fence(
  services: Claiming,
  transfer: Transfer,
  target: Target,
  time: StepTime,
): Promise<Target> {
  const { upload } = target;
  if (!upload || upload.transferId === transfer.id) return target;
  await supersede(services, upload.transferId, transfer.id);
  const recorded = recordedIn(upload);
  const holder = { ...transfer, by: target.hold?.by, why: 'in-the-way' } as const;
  if (recorded) await abandonSession(services, holder, recorded.session, time);
  const cleared = await changeTarget(services, target.name, uploadForgotten(transfer.id, upload));
  return cleared.target?.owner.transferId === transfer.id ? cleared.target : target;
}

async function supersede(
  services: Pick<Services, 'store' | 'clock' | 'observe'>,
  olderId: string,
  newerId: string,
): Promise<void> {
  const older = await services.store.get(olderId);
  if (!older || !isActive(older)) return; // a deletion, or over already
  const why = {
    error: 'Superseded',
    message: `a newer version is relayed to the same target by transfer ${newerId}`,
  };
  const over = await change(services, olderId, (from) => toEnded(from, 'superseded', why), { known: older });
  const isOurs = over.state === 'superseded' && over.reason === why; // what another wrote is read anew
  if (isOurs)
    services.observe({ kind: 'ended', transferId: olderId, state: 'superseded', error: 'Superseded' });
}
