import { RelayError } from '../errors.ts';
import { isHopeless } from '../records/end-reason.ts';
import type { Owner, Target } from '../records/target-record.ts';
import type { Services, StepTime } from '../services.ts';
import { changeTarget } from './change-target.ts';
import type { HeldClaim } from './claim-target.ts';
import { withinHold } from './hold-target.ts';
import { claimedAsTold, letGoConfirmed, unclaimed } from './told-transitions.ts';

/** What is done under a hold for a version that only an event told of so far. */
export type ToldWork<C, T> = {
  /** Asks S3. What it throws undoes the claim. */
  confirm(time: StepTime): Promise<C>;
  /** The owner as S3 confirmed it. */
  owner(confirmed: C): Owner;
  /** Ends with a transition that gives the hold back. */
  work(target: Target, confirmed: C, time: StepTime): Promise<T>;
};

/** `unconfirmed`: the target is as it was, nothing was sent, and S3 has to be asked before anybody loses it. */
export type ToldOutcome<T> = { readonly kind: 'ours'; readonly value: T } | { readonly kind: 'unconfirmed' };

type Claiming = Pick<Services, 'store' | 'clock' | 'newId'>;

/** `takeAndHold` for a version that S3 has not confirmed: only a target that nobody loses is taken, and given back as it was if S3 does not. */
export function holdAsTold<C, T>(
  services: Claiming,
  { name, owner, holdMs }: HeldClaim,
  time: StepTime,
  { work, ...asked }: ToldWork<C, T>,
): Promise<ToldOutcome<T>> {
  const by = services.newId();
  const hold = { until: services.clock() + holdMs, by };
  return withinHold(time, holdMs, async (own) => {
    const taken = await takeAsTold(services, { name, owner, hold }, own, asked.confirm);
    if (!taken) return { kind: 'unconfirmed' };
    try {
      return { kind: 'ours', value: await work(taken.target, taken.confirmed, own) };
    } catch (error) {
      const place = asked.owner(taken.confirmed);
      await changeTarget(services, name, letGoConfirmed(by, isHopeless(error), place));
      throw error;
    }
  });
}

type Wanted = Pick<HeldClaim, 'name' | 'owner'> & {
  readonly hold: { readonly until: number; readonly by: string };
};

/** Undefined: somebody else is, or was, there, or S3 did not confirm. Throws the signal's reason, and what the table throws. */
async function takeAsTold<C>(
  services: Claiming,
  { name, owner, hold }: Wanted,
  { signal, stop }: StepTime,
  confirm: ToldWork<C, unknown>['confirm'],
): Promise<{ readonly target: Target; readonly confirmed: C } | undefined> {
  let before: Target | undefined;
  const claim = claimedAsTold({ owner, hold }, name, services.clock());
  try {
    const taken = await changeTarget(
      services,
      name,
      (from) => {
        if (from?.hold?.by !== hold.by) before = from;
        return claim(from);
      },
      { signal },
    );
    if (!taken.done) return undefined;
    return { target: taken.target, confirmed: await confirm({ signal, stop }) };
  } catch (error) {
    await changeTarget(services, name, unclaimed(hold.by, before));
    if (signal.aborted || !(error instanceof RelayError)) throw error;
    return undefined;
  }
}
