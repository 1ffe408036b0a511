import { targetName } from '../cos/target.ts';
import { isHopeless } from '../records/end-reason.ts';
import type { TargetRecord } from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { type EpochMillis, timeoutSignal } from '../time.ts';
import { changeTarget } from './change-target.ts';

/** For a single request that nothing else can stop: until it is over, or the lease is, nobody writes to the target. */
export type Lease = { readonly ms: number; readonly holder: string };

/** A delete, an update or a stat that must not meet another's bytes is over by then, in ms. */
const HOLD_MS = 60_000;
/** Kept for clocks that differ and for a request that is cut off but still served, in ms. */
const MARGIN_MS = 15_000;

/** How long a single request under a lease may go on. */
export const leasedTime = (time: StepTime, leaseMs: number): StepTime => {
  const over = timeoutSignal(Math.max(1, leaseMs - MARGIN_MS));
  return { stop: AbortSignal.any([time.stop, over]), signal: AbortSignal.any([time.signal, over]) };
};

export type Held<T> = { readonly held: true; readonly value: T } | { readonly held: false };

/**
 * Runs `work` while nobody else writes to the target: what it does there has no session that could be taken away. Not
 * held if the transfer lost the target.
 */
export async function whileHolding<T>(
  services: Services,
  transfer: Transfer,
  time: StepTime,
  work: (record: TargetRecord, time: StepTime) => Promise<T>,
): Promise<Held<T>> {
  const until = services.clock() + HOLD_MS;
  let before: number | undefined;
  const record = await changeTarget(services, transfer, (from) => {
    before = from.owner.leaseUntil;
    return { ...from, owner: { ...from.owner, leaseUntil: Math.max(before ?? 0, until) } };
  });
  if (!record) return { held: false };
  const giveBack = () => shortenLease(services, transfer, record.owner.leaseUntil, before);
  try {
    const value = await work(record, leasedTime(time, HOLD_MS));
    await giveBack();
    return { held: true, value };
  } catch (error) {
    // a request without an answer may still be served: the lease then runs its time
    if (isHopeless(error)) await giveBack();
    throw error;
  }
}

/**
 * The call that held the lease failed with `error`: another call of the same transfer may go on at once, another version
 * only when nothing can be under way any more.
 */
export async function letGo(
  services: Services,
  transfer: Pick<Transfer, 'id' | 'target'>,
  holder: string,
  error: unknown,
): Promise<void> {
  for (;;) {
    const from = await services.store.getTarget(targetName(transfer.target));
    if (from?.owner.holder !== holder) return;
    const { holder: _, leaseUntil, ...owner } = from.owner;
    const kept = isHopeless(error) ? owner : { ...owner, leaseUntil };
    if (await services.store.replaceTarget({ ...from, owner: kept, revision: from.revision + 1 })) return;
  }
}

/** Sets the lease back to what it was; one that was released or renewed since is let be. */
async function shortenLease(
  services: Services,
  { id, target }: Transfer,
  ours: EpochMillis | undefined,
  before: EpochMillis | undefined,
): Promise<void> {
  for (;;) {
    const from = await services.store.getTarget(targetName(target));
    if (from?.owner.transferId !== id || from.owner.leaseUntil !== ours) return;
    const { leaseUntil: _, ...owner } = from.owner;
    const shortened = { ...owner, ...(before !== undefined && { leaseUntil: before }) };
    if (await services.store.replaceTarget({ ...from, owner: shortened, revision: from.revision + 1 }))
      return;
  }
}

/**
 * The target keeps its order and its session; only nobody works on it any more. A single request that may be under way
 * keeps the others out until its lease is over, unless its holder says that it is.
 */
export async function releaseTarget(services: Services, transfer: Transfer, holder?: string): Promise<void> {
  for (;;) {
    const record = await services.store.getTarget(targetName(transfer.target));
    if (!record?.owner.active || record.owner.transferId !== transfer.id) return;
    const { leaseUntil, holder: held, ...owner } = record.owner;
    const over = (leaseUntil ?? 0) <= services.clock() || (held !== undefined && held === holder);
    const next = { ...record, owner: over ? owner : { ...record.owner }, revision: record.revision + 1 };
    if (await services.store.replaceTarget({ ...next, owner: { ...next.owner, active: false } })) return;
  }
}
