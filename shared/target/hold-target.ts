import { targetName } from '../cos/target.ts';
import { RelayError } from '../errors.ts';
import type { Target } from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { timeoutSignal } from '../time.ts';
import { changeTarget } from './change-target.ts';
import { type Holder, held, released, unheld } from './hold-transitions.ts';

/** A delete is over by then, and so are a finish and its proof, in ms. */
const HOLD_MS = { removal: 60_000, proof: 120_000 };
/** Kept for clocks that differ and for a request that is cut off but still served, in ms. */
const MARGIN_MS = 15_000;

type Recorded = Pick<Services, 'store' | 'clock'>;

export type Holding<T> =
  | { readonly held: true; readonly value: T }
  // lost: another transfer owns the target; busy: another call of this one deletes, or proves, what is there
  | { readonly held: false; readonly why: 'lost' | 'busy' };

/** For whom the target is held, and what for. `known`: the target as it was read a moment ago. */
export type HeldFor = Pick<Transfer, 'id' | 'target'> &
  Pick<Holder, 'as' | 'by'> & { readonly known?: Target };

/**
 * Runs `work` while nobody else writes to the target: what it does there has no session that could be taken away. Its
 * time ends with the hold.
 */
export async function whileHolding<T>(
  services: Recorded,
  { id, target: path, as, by, known }: HeldFor,
  time: StepTime,
  work: (target: Target, time: StepTime) => Promise<T>,
): Promise<Holding<T>> {
  const name = targetName(path);
  const now = services.clock();
  const until = now + HOLD_MS[as];
  const hold = held({ transferId: id, as, by, now, until });
  const taken = await changeTarget(services, name, hold, { known, signal: time.signal });
  if (!taken.done) return { held: false, why: taken.why === 'busy' ? 'busy' : 'lost' };
  const { target } = taken;
  const giveBack = () => changeTarget(services, name, unheld(id, target.hold?.until ?? until, as));
  try {
    const value = await withinHold(time, HOLD_MS[as], (own) => work(target, own));
    await giveBack();
    return { held: true, value };
  } catch (error) {
    // a request without an answer may still be served: the hold then runs its time
    if (error instanceof RelayError && error.remedy !== 'retry') await giveBack();
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
