import type { Orphan, Owner, StoredFile } from '../records/target-record.ts';
import { initsOf, isEqual, withOrphans } from './orphans.ts';
import { byOwner, type TargetDraft, type Transition } from './transition.ts';

/**
 * The upload is not wanted any more: what became of its session, and of an init that may be under way, nobody can tell
 * from here on.
 */
export const uploadForgotten = (transferId: string): Transition =>
  byOwner(transferId, (from) => {
    if (!from.upload) return 'no-upload';
    return { ...withoutUpload(withOrphans(from, initsOf(from.upload))), file: { state: 'unknown' } };
  });

/** The file was proven by this attempt: nobody works on the target any more. */
export const settled = (attempt: number, stored: Omit<StoredFile, 'state'>): Transition =>
  byOwner(stored.transferId, (from) => {
    const { upload, hold: _, ...rest } = from;
    const others = upload?.state === 'opening' && upload.inits.some((one) => one !== attempt);
    return {
      ...(others ? withOrphans(rest, initsOf(upload)) : rest),
      active: false,
      file: { state: 'stored', ...stored },
    };
  });

/** A mirrored deletion took the file and the unfinished upload: the order stays, and the orphaned sessions. */
export const fileDeleted = (deletion: Owner): Transition =>
  byOwner(deletion.transferId, (from) => {
    const { upload: _, hold: __, ...rest } = withOrphans(from, initsOf(from.upload));
    return { ...rest, active: false, file: { state: 'deleted', transferId: deletion.transferId } };
  });

/** A session of ours stays at COS that nobody wants: whoever owns the target knows it by this. */
export const orphaned =
  (left: Orphan): Transition =>
  (from) => {
    if (!from) return 'not-owner';
    return from.orphans.some((known) => isEqual(known, left)) ? 'as-it-is' : withOrphans(from, [left]);
  };

const withoutUpload = ({ upload: _, ...rest }: TargetDraft): TargetDraft => rest;
