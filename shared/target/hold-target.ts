import { targetName } from '../cos/target.ts';
import { isHopeless } from '../records/end-reason.ts';
import type { Target } from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { timeoutSignal } from '../time.ts';
import { changeTarget } from './change-target.ts';
import { held, released, unheld } from './hold-transitions.ts';

/** A delete, an update or a stat that must not meet another's bytes is over by then, in ms. */
const HOLD_MS = 60_000;
/** Kept for clocks that differ and for a request that is cut off but still served, in ms. */
const MARGIN_MS = 15_000;

type Recorded = Pick<Services, 'store' | 'clock'>;

export type Holding<T> = { readonly held: true; readonly value: T } | { readonly held: false };

/**
 * Runs `work` while nobody else writes to the target: what it does there has no session that could be taken away. Its
 * time ends with the hold. Not held if the transfer lost the target.
 */
export async function whileHolding<T>(
  services: Recorded,
  transfer: Pick<Transfer, 'id' | 'target'>,
  time: StepTime,
  work: (target: Target, time: StepTime) => Promise<T>,
): Promise<Holding<T>> {
  const name = targetName(transfer.target);
  const until = services.clock() + HOLD_MS;
  const taken = await changeTarget(services, name, held(transfer.id, until), { signal: time.signal });
  if (!taken.done) return { held: false };
  const { before, target } = taken;
  const giveBack = () =>
    changeTarget(services, name, unheld(transfer.id, target.hold?.until ?? until, before?.hold));
  try {
    const value = await withinHold(time, HOLD_MS, (own) => work(target, own));
    await giveBack();
    return { held: true, value };
  } catch (error) {
    // a request without an answer may still be served: the hold then runs its time
    if (isHopeless(error)) await giveBack();
    throw error;
  }
}

/** Runs `work` with a time that ends a margin before the hold does, and with the work itself. */
export async function withinHold<T>(
  time: StepTime,
  holdMs: number,
  work: (time: StepTime) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const over = AbortSignal.any([timeoutSignal(Math.max(1, holdMs - MARGIN_MS)), done.signal]);
  try {
    return await work({
      stop: AbortSignal.any([time.stop, over]),
      signal: AbortSignal.any([time.signal, over]),
    });
  } finally {
    done.abort(new Error('the hold on the target is over'));
  }
}

/** Nobody works on the target any more: see `released`. */
export async function releaseTarget(
  services: Recorded,
  transfer: Pick<Transfer, 'id' | 'target'>,
): Promise<void> {
  await changeTarget(services, targetName(transfer.target), released(transfer.id, services.clock()));
}
