import { type Hold, isNobody, type Target, type TargetFile } from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';
import { type Claimant, decideClaim } from './claim-order.ts';
import { byOwner, type Transition } from './transition.ts';

/** The claimant owns the target, and works on it. What an owner before it left behind untold is unknown. */
export const claimed =
  (mine: Claimant, name: string, now: EpochMillis): Transition =>
  (from) => {
    const claim = decideClaim(from, mine, now);
    if (claim === 'older' || claim === 'busy') return claim;
    const { hold: there, file: __, ...rest } = from ?? { name, orphans: [] };
    const file = from && fileAfterClaim(from, mine);
    const hold = mine.hold ?? (there && there.until > now ? there : undefined);
    return {
      ...rest,
      owner: mine.owner,
      active: true,
      ...(hold && { hold }),
      ...(file && { file }),
    };
  };

function fileAfterClaim({ owner, file }: Target, mine: Claimant): TargetFile | undefined {
  if (owner.transferId === mine.owner.transferId || isNobody(owner)) return file;
  const isTold = file !== undefined && file.state !== 'unknown' && file.transferId === owner.transferId;
  return isTold ? file : { state: 'unknown' };
}

/** Who wants the target held, what for, and until when. */
export type Holder = {
  readonly transferId: string;
  /** Closing and proving a file, or deleting an unfinished upload: either keeps the other out. */
  readonly as: 'proof' | 'removal';
  /** The hold under which the caller works already. */
  readonly by?: string | undefined;
  readonly now: EpochMillis;
  readonly until: EpochMillis;
};

/** Nobody else writes until then. A hold that lasts longer, and whose it is, stays; what is held already is not forgotten. */
export const held = ({ transferId, as, by, now, until }: Holder): Transition =>
  byOwner(transferId, (from) => {
    const { hold } = from;
    const there = hold && hold.until > now ? hold : undefined;
    if (there && isInTheWay(there, as, by)) return 'busy';
    const beneath = hold ? [...(hold.beneath ?? []), alone(hold)] : [];
    const lasting = beneath.filter((one, index) => index === 0 || one.until > now);
    const longer = Math.max(hold?.until ?? 0, until);
    return { ...from, hold: onTop({ until: longer, ...ofKind(as === 'removal') }, hold?.by, lasting) };
  });

type Layer = NonNullable<Hold['beneath']>[number];

const ofKind = (removal: boolean) => (removal ? { removal: true as const } : {});
const alone = ({ until, removal }: Hold): Layer => ({ until, ...ofKind(removal === true) });
const onTop = (top: Layer, by: string | undefined, beneath: readonly Layer[]): Hold => ({
  ...top,
  ...(by !== undefined && { by }),
  ...(beneath.length > 0 && { beneath: [...beneath] }),
});

function isInTheWay(there: Hold, as: Holder['as'], by: string | undefined): boolean {
  if (as === 'proof') return there.removal === true;
  return there.removal !== true && (there.by === undefined || there.by !== by);
}

/**
 * One call gives back what it took: what was held before stays, and so does what others of its transfer took since. A hold
 * that was released or taken anew is let be.
 */
export const unheld = (transferId: string, until: EpochMillis, as: Holder['as']): Transition =>
  byOwner(transferId, (from) => {
    const { hold, ...rest } = from;
    if (!hold) return 'not-held';
    const layers = [...(hold.beneath ?? []), alone(hold)];
    const own = layers.findLastIndex(
      (one) => one.until === until && (one.removal === true) === (as === 'removal'),
    );
    if (own < 0) return 'not-held';
    const left = layers.toSpliced(own, 1);
    const top = left.pop();
    return top ? { ...rest, hold: onTop(top, hold.by, left) } : rest;
  });

/**
 * The call that held the target is over without having ended its work: another call of the same transfer may go on at
 * once, another version only when nothing can be under way any more (`isAnswered`).
 */
export const letGo =
  (by: string, isAnswered: boolean): Transition =>
  (from) => {
    if (!from || from.hold?.by !== by) return 'not-held';
    const { hold, ...rest } = from;
    const { by: _, ...kept } = hold;
    return isAnswered ? rest : { ...rest, hold: kept };
  };

/**
 * The target keeps its order and its session; only nobody works on it any more. A request that may be under way keeps the
 * others out until its hold is over, unless its holder says that it is.
 */
export const released = (transferId: string, now: EpochMillis, by?: string): Transition =>
  byOwner(transferId, (from) => {
    if (!from.active) return 'not-active';
    const { hold, ...rest } = from;
    const isOver = !hold || hold.until <= now || (hold.by !== undefined && hold.by === by);
    return { ...rest, active: false, ...(!isOver && { hold }) };
  });
