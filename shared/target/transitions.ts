import {
  type Orphan,
  type Owner,
  recordedIn,
  type StoredFile,
  type Upload,
} from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';
import { initsOf, isEqual, withOrphans } from './orphans.ts';
import { confirmed } from './told-transitions.ts';
import { byOwner, type TargetDraft, type Transition } from './transition.ts';

/**
 * The upload of that transfer is not wanted any more: what became of its session, and of an init that may be under way,
 * nobody can tell from here on. Another call of the owner may have opened the owner's own meanwhile.
 */
export const uploadForgotten = (transferId: string, upload: Pick<Upload, 'transferId'>): Transition =>
  byOwner(transferId, (from) => {
    if (from.upload?.transferId !== upload.transferId) return 'no-upload';
    return { ...withoutUpload(withOrphans(from, initsOf(from.upload))), file: { state: 'unknown' } };
  });

/** The same of one session: whoever began the transfer again meanwhile works with another, or is about to open one. */
export const sessionForgotten =
  (transferId: string, session: string): Transition =>
  (from) => {
    const upload = from?.upload;
    const isThis = upload !== undefined && upload.state !== 'opening' && upload.session === session;
    return isThis ? uploadForgotten(transferId, upload)(from) : 'no-upload';
  };

export type Proof = {
  /** The attempt of the transfer that proved the file. */
  readonly attempt: number;
  /** The session that became the file, if there was one. */
  readonly closed: string | undefined;
  readonly stored: Omit<StoredFile, 'state'>;
  /** When the version was made, as S3 says. */
  readonly lastModified?: EpochMillis | undefined;
};

/**
 * The file was proven: nobody works on the target any more. A session that another execution opened meanwhile, or is
 * about to, is orphaned.
 */
export const settled = ({ attempt, closed, stored, lastModified }: Proof): Transition =>
  byOwner(stored.transferId, (from) => {
    const { upload, hold: _, ...rest } = from;
    const last = recordedIn(upload);
    const isLeft = upload && last?.state === 'open' && last.session !== closed;
    const left = isLeft ? [{ session: last.session, size: upload.size }] : [];
    const others = upload?.state === 'opening' && upload.inits.some((one) => one !== attempt);
    return {
      ...withOrphans(rest, [...left, ...(others ? initsOf(upload) : [])]),
      owner: confirmed(from, lastModified),
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
