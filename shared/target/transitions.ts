import type { Orphan, Owner, RecordedSession, StoredFile, Upload } from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';
import { byOwner, type TargetDraft, type Transition } from './transition.ts';

/** How many orphaned sessions a target remembers; the oldest are forgotten. */
const ORPHANS_KEPT = 8;
/** How many inits without an answer an upload remembers. */
const INITS_KEPT = 8;

export type Intent = {
  readonly transferId: string;
  /** Of the transfer: no two inits of it have the same. */
  readonly attempt: number;
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly replaces?: Upload['replaces'] | undefined;
};

/** An init is about to be sent: the session that it opens is ours, even if nobody lives to record it. */
export const intended = ({ transferId, attempt, size, replaces }: Intent): Transition =>
  byOwner(transferId, (from) => {
    const mine = uploadOf(from, transferId);
    const before = recordedIn(mine);
    const inits = mine?.state === 'opening' ? mine.inits.filter((one) => one !== attempt) : [];
    const kept = replaces ?? mine?.replaces;
    return {
      ...(mine ? from : orphaning(from)),
      upload: {
        state: 'opening',
        transferId,
        size,
        ...(kept && { replaces: kept }),
        overwrite: (mine?.overwrite ?? false) || before?.state === 'spoiled',
        restarted: mine?.restarted ?? false,
        inits: [...inits, attempt].slice(-INITS_KEPT),
        ...(before && { before }),
      },
    };
  });

export type OpenedSession = {
  readonly transferId: string;
  readonly attempt: number;
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly session: string;
  readonly serial: boolean;
  /** The session that was recorded when this one's init was intended. */
  readonly instead: string | undefined;
  readonly at: EpochMillis;
};

/**
 * An init opened a session. One that another attempt recorded since this init was intended is orphaned: COS forgot it, or
 * will list it. While further inits are under way the upload stays `opening`.
 */
export const sessionOpened = (opened: OpenedSession): Transition =>
  byOwner(opened.transferId, (from) => {
    const { attempt, session, serial, instead, at } = opened;
    const mine = uploadOf(from, opened.transferId);
    const last = recordedIn(mine);
    const overtaken = last?.state === 'open' && last.session !== instead && last.session !== session;
    const orphans = overtaken ? [{ session: last.session, size: opened.size }] : [];
    const recorded = { state: 'open', session, serial, openedAt: at } as const;
    return {
      ...withOrphans(mine ? from : orphaning(from), orphans),
      upload: mine ? afterInit(mine, attempt, recorded) : { ...newUpload(opened), ...recorded },
    };
  });

export type AdoptedSession = Omit<OpenedSession, 'attempt' | 'instead'>;

/** A session that COS lists and that proved to be ours is written down; inits that are under way stay so. */
export const sessionAdopted = ({ transferId, session, serial, size, at }: AdoptedSession): Transition =>
  byOwner(transferId, (from) => {
    const mine = uploadOf(from, transferId);
    if (recordedIn(mine)?.session === session) return 'as-it-is';
    const recorded: RecordedSession = { state: 'open', session, serial, openedAt: at };
    if (mine?.state === 'opening') return { ...from, upload: { ...mine, before: recorded } };
    const facts = mine ? factsOf(mine) : newUpload({ transferId, size });
    return { ...(mine ? from : orphaning(from)), upload: { ...facts, ...recorded } };
  });

/** COS closed the upload with a slice that was damaged, or that nobody confirmed: the next init replaces the file. */
export const spoiled = (transferId: string): Transition =>
  byOwner(transferId, (from) => {
    const { upload } = from;
    if (upload?.transferId !== transferId) return 'no-upload';
    switch (upload.state) {
      case 'spoiled':
        return 'as-it-is';
      case 'open':
        return { ...from, upload: { ...upload, state: 'spoiled' } };
      case 'opening': {
        const before = upload.before && { ...upload.before, state: 'spoiled' as const };
        return { ...from, upload: { ...upload, overwrite: true, ...(before && { before }) } };
      }
    }
  });

/** COS reported another SHA-1 of the whole: all slices go again, in a new session. */
export const restarted = (transferId: string): Transition =>
  byOwner(transferId, (from) => {
    if (from.upload?.transferId !== transferId) return 'no-upload';
    return { ...from, upload: { ...from.upload, restarted: true } };
  });

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

/** The session of an upload that is written down: the open one, or the one before an init that may be under way. */
export function recordedIn(upload: Upload | undefined): RecordedSession | undefined {
  if (!upload) return undefined;
  if (upload.state === 'opening') return upload.before;
  const { state, session, serial, openedAt } = upload;
  return { state, session, openedAt, ...(serial !== undefined && { serial }) };
}

type Facts = ReturnType<typeof factsOf>;

const newUpload = ({ transferId, size }: Pick<Upload, 'transferId' | 'size'>): Facts => ({
  transferId,
  size,
  overwrite: false,
  restarted: false,
});

const uploadOf = ({ upload }: TargetDraft, transferId: string): Upload | undefined =>
  upload?.transferId === transferId ? upload : undefined;

function factsOf({ transferId, size, replaces, overwrite, restarted }: Upload) {
  return { transferId, size, overwrite, restarted, ...(replaces && { replaces }) };
}

/** The upload when the init of this attempt is answered, and this session recorded. */
function afterInit(upload: Upload, attempt: number, recorded: RecordedSession): Upload {
  const inits = upload.state === 'opening' ? upload.inits.filter((one) => one !== attempt) : [];
  const facts = factsOf(upload);
  return inits.length > 0
    ? { ...facts, state: 'opening', inits, before: recorded }
    : { ...facts, ...recorded };
}

const withoutUpload = ({ upload: _, ...rest }: TargetDraft): TargetDraft => rest;

/** Another transfer's upload makes room: its session is orphaned, and what an init of it may open. */
function orphaning(from: TargetDraft): TargetDraft {
  const { upload } = from;
  const last = recordedIn(upload);
  const named = upload && last?.state === 'open' ? [{ session: last.session, size: upload.size }] : [];
  return withOrphans(from, [...named, ...initsOf(upload)]);
}

/** The session that an init which may be under way opens: it has no name yet. */
const initsOf = (upload: Upload | undefined): Orphan[] =>
  upload?.state === 'opening' ? [{ size: upload.size }] : [];

const withOrphans = (from: TargetDraft, left: readonly Orphan[]): TargetDraft => {
  const known = from.orphans.filter((one) => !left.some((other) => isEqual(one, other)));
  return { ...from, orphans: [...known, ...left].slice(-ORPHANS_KEPT) };
};

const isEqual = (a: Orphan, b: Orphan): boolean => a.session === b.session && a.size === b.size;
