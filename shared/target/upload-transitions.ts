import { type RecordedSession, recordedIn, type Upload } from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';
import { orphaning, withOrphans } from './orphans.ts';
import { byOwner, type Refusal, type TargetDraft, type Transition } from './transition.ts';

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
  byWorker(transferId, (from) => {
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
  byWorker(opened.transferId, (from) => {
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

export type AdoptedSession = Omit<OpenedSession, 'attempt'>;

/**
 * A session that COS lists and that proved to be ours is written down; inits that are under way stay so. `instead`: what was
 * recorded when it proved to be ours. Where another was recorded since, COS lists that one by now.
 */
export const sessionAdopted = ({
  transferId,
  session,
  serial,
  size,
  instead,
  at,
}: AdoptedSession): Transition =>
  byWorker(transferId, (from) => {
    const mine = uploadOf(from, transferId);
    const last = recordedIn(mine)?.session;
    if (last === session) return 'as-it-is';
    if (last !== instead) return 'moved-on';
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

/** What is left of a call whose transfer is over says nothing of uploads any more: the next owner would fence off what is proven. */
const byWorker = (transferId: string, next: (from: TargetDraft) => TargetDraft | Refusal): Transition =>
  byOwner(transferId, (from) => (from.active ? next(from) : 'not-active'));

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
