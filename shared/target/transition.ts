import type { Target } from '../records/target-record.ts';

/** A target before it is written: whoever writes it raises the revision. */
export type TargetDraft = Omit<Target, 'revision'>;

/** Why a transition leaves a target as it is. */
export type Refusal =
  | 'older' // a newer version of the same source owns it
  | 'busy' // something else is being written to it
  | 'not-owner' // another transfer owns it, or nobody does
  | 'not-held' // the hold is not that one any more
  | 'not-active' // its owner is done with it already
  | 'no-upload' // no upload of this transfer is recorded
  | 'moved-on' // another session was recorded since
  | 'as-it-is'; // it says so already

/** A pure step from one state of a target to the next; `from` is undefined while nobody ever claimed the path. */
export type Transition = (from: Target | undefined) => TargetDraft | Refusal;

/** A transition that only the owner of the target may make. */
export const byOwner =
  (transferId: string, next: (from: TargetDraft) => TargetDraft | Refusal): Transition =>
  (from) =>
    from?.owner.transferId === transferId ? next(from) : 'not-owner';
