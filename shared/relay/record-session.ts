import type { Opened } from '../cos/client.ts';
import type { TargetRecord, Upload } from '../session/target-record.ts';
import { type Opening, type Sending, type Transfer, toSending } from '../session/transfer.ts';
import { abandonSession } from './abandon-session.ts';
import { changeTarget } from './change-target.ts';
import { factsOf } from './existing.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { change, end, SUPERSEDED } from './step.ts';

/** Says in the table that a session is about to be opened, and what is at the path now. */
export async function recordIntent(
  transfer: Opening | Sending,
  there: Awaited<ReturnType<RelayParts['cos']['stat']>>,
  parts: RelayParts,
): Promise<TargetRecord | undefined> {
  return changeTarget(parts, transfer, (from) => {
    const mine: Upload | undefined = from.upload?.transferId === transfer.id ? from.upload : undefined;
    const { size } = transfer.source;
    const upload: Upload = mine ?? { transferId: transfer.id, openedAt: parts.clock(), size };
    // an unfinished upload answers stat too, with fewer bytes than it will have: nothing to be mistaken for
    const replaces = there.kind === 'file' && there.received === there.size ? factsOf(there) : undefined;
    const overwrites = Boolean(upload.overwrites || upload.damaged);
    return { ...from, upload: { ...upload, intended: true, overwrites, ...(replaces && { replaces }) } };
  });
}

/**
 * Writes an opened session down, first at the target, then at the transfer. False, and the session abandoned, if we lost
 * the target meanwhile or the transfer is over.
 */
export async function recordSession(
  parts: RelayParts,
  transfer: Opening | Sending,
  opened: Extract<Opened, { kind: 'session' }>,
  withSha: boolean,
  time: StepTime,
): Promise<boolean> {
  const owned = await changeTarget(parts, transfer, (from) => ({
    ...from,
    upload: {
      ...from.upload,
      intended: false,
      damaged: false,
      transferId: transfer.id,
      session: opened.session,
      serial: opened.serial,
      openedAt: parts.clock(),
      size: transfer.source.size,
    },
  }));
  if (!owned) {
    await abandonSession(parts, transfer, opened.session, time);
    await end(parts, transfer.id, 'superseded', SUPERSEDED);
    return false;
  }
  const { session, sliceSize, serial } = opened;
  const next: Transfer = await change(parts, transfer.id, (from) =>
    toSending(from, { session, sliceSize, serial, withSha }, parts.clock()),
  );
  if (next.state === 'sending') return true;
  // it is over: cancelled, superseded, or stored by another execution
  await abandonSession(parts, transfer, opened.session, time);
  return false;
}
