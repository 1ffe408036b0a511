import type { CosFile, Opened } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { change } from '../records/change-transfer.ts';
import { recordedIn, type Target, type Upload } from '../records/target-record.ts';
import { hasMovedOn, type Opening, type Sending, type Transfer, toSending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { factsOf } from '../target/recognise.ts';
import type { Refusal } from '../target/transition.ts';
import { orphaned } from '../target/transitions.ts';
import { intended, sessionOpened } from '../target/upload-transitions.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';

type Begun = Opening | Sending;

/** Says in the table that a session is about to be opened, and what is at the path now. Undefined if we lost the target. */
export async function recordIntent(
  { id, attempts, source, target }: Begun,
  there: CosFile | { readonly kind: 'none' },
  services: Pick<Services, 'store'>,
): Promise<Target | undefined> {
  // an unfinished upload answers stat too, with fewer bytes than it will have: nothing to be mistaken for
  const replaces = there.kind === 'file' && there.received === there.size ? factsOf(there) : undefined;
  const intent = { transferId: id, attempt: attempts, size: source.size, replaces };
  const written = await changeTarget(services, targetName(target), intended(intent));
  return written.done ? written.target : undefined;
}

export type SessionToRecord = {
  readonly opened: Extract<Opened, { kind: 'session' }>;
  /** The target as the intent left it. */
  readonly intended: Target;
  readonly withSha: boolean;
};

/**
 * Writes an opened session down, first at the target, then at the transfer. False, and the session abandoned, if we lost
 * the target meanwhile, or the transfer is over or was begun again.
 */
export async function recordSession(
  transfer: Begun,
  { opened, intended: { upload }, withSha }: SessionToRecord,
  services: Services,
  time: StepTime,
): Promise<boolean> {
  const { session, sliceSize, serial } = opened;
  const { id, attempts: attempt, source } = transfer;
  const instead = recordedIn(upload)?.session;
  const facts = {
    transferId: id,
    attempt,
    size: source.size,
    session,
    serial,
    instead,
    at: services.clock(),
  };
  const owned = await changeTarget(services, targetName(transfer.target), sessionOpened(facts));
  if (!owned.done) return unrecorded(transfer, { session, upload, why: owned.why }, services, time);
  // where another call wrote its own down since, the list tells which of the two COS has: this one may have stalled long
  const next: Transfer = await change(services, id, (from) =>
    hasMovedOn(from, transfer, session)
      ? undefined
      : toSending(from, { session, sliceSize, serial, withSha }, services.clock()),
  );
  if (next.state === 'sending') return true;
  // it is over: cancelled, superseded, or stored by another execution; deleting would take the file that was there too
  if (!upload?.replaces) await abandonSession(services, transfer, session, time);
  return false;
}

/** The target is not ours to write to any more: who opened a session there ends it. */
async function unrecorded(
  transfer: Begun,
  { session, upload, why }: { session: string; upload: Upload | undefined; why: Refusal },
  services: Services,
  time: StepTime,
): Promise<false> {
  const isOver = why === 'not-active'; // stored, cancelled, or begun again and not claimed yet
  const mayTakeTheFile = isOver && upload?.replaces !== undefined;
  const left = orphaned({ session, size: transfer.source.size });
  if (mayTakeTheFile) await changeTarget(services, targetName(transfer.target), left);
  else await abandonSession(services, transfer, session, time);
  if (!isOver) await end(services, transfer.id, 'superseded', SUPERSEDED);
  return false;
}
