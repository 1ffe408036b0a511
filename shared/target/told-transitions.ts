import { type Hold, isHeldAt, isNobody, NOBODY, type Owner, type Target } from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';
import { type Claimant, decideClaim } from './claim-order.ts';
import { claimed, letGo } from './hold-transitions.ts';
import type { TargetDraft, Transition } from './transition.ts';

/** Who wants the target for a version that only an event told of so far, and the hold under which S3 is asked. */
export type ToldClaimant = Pick<Claimant, 'owner'> & { readonly hold: Hold };

/** The target is held for a version that was told of, if that takes it from nobody: until S3 confirms it, nobody must lose by it. */
export const claimedAsTold =
  (
    { owner: { lastModified: _, ...named }, hold }: ToldClaimant,
    name: string,
    now: EpochMillis,
  ): Transition =>
  (from) => {
    if (from && from.hold?.by === hold.by) return from; // written already, and not answered
    const mine = { owner: { ...named, told: true as const }, hold };
    return isFreeOf(from, mine, now) ? claimed(mine, name, now)(from) : 'busy';
  };

/** Nobody is at it, nothing is left to be put away, and the order of its versions needs no time that only S3 knows. */
function isFreeOf(from: Target | undefined, mine: Claimant, now: EpochMillis): boolean {
  if (!from || (isNobody(from.owner) && !isHeldAt(from, now))) return true;
  const { owner, active, upload } = from;
  if (active || upload || owner.told || owner.transferId === mine.owner.transferId) return false;
  const isOrdered = owner.sourceName !== mine.owner.sourceName || owner.sequencer !== undefined;
  return isOrdered && decideClaim(from, mine, now) === 'free';
}

/** S3 did not confirm the version, and nothing was sent: the target is what it was before. */
export const unclaimed =
  (by: string, before: Target | undefined): Transition =>
  (from) => {
    if (!from || from.hold?.by !== by || !from.owner.told) return 'not-held';
    const { hold: _, ...was } = before ?? { name: from.name, owner: NOBODY, active: false };
    return { ...was, orphans: from.orphans };
  };

/** `letGo` by whom S3 has confirmed: from now on the version has its place in the order. */
export const letGoConfirmed =
  (by: string, isAnswered: boolean, owner: Owner): Transition =>
  (from) => {
    const next = letGo(by, isAnswered)(from);
    return typeof next === 'string' ? next : { ...next, owner };
  };

/** The owner as S3 confirmed it, if an event alone had told of it. */
export const confirmed = (
  { owner: { told, ...owner } }: Pick<TargetDraft, 'owner'>,
  lastModified: EpochMillis | undefined,
): Owner => (told && lastModified !== undefined ? { ...owner, lastModified } : owner);
