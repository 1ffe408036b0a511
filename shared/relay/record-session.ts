import type { Opened } from '../cos/client.ts';
import { change } from '../records/change-transfer.ts';
import type { TargetRecord, Upload } from '../records/target-record.ts';
import { type Opening, type Sending, type Transfer, toSending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { factsOf } from '../target/recognise.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';

/** Says in the table that a session is about to be opened, and what is at the path now. */
export async function recordIntent(
  transfer: Opening | Sending,
  there: Awaited<ReturnType<Services['cos']['stat']>>,
  services: Services,
): Promise<TargetRecord | undefined> {
  return changeTarget(services, transfer, (from) => {
    const mine: Upload | undefined = from.upload?.transferId === transfer.id ? from.upload : undefined;
    const { size } = transfer.source;
    const upload: Upload = mine ?? { transferId: transfer.id, openedAt: services.clock(), size };
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
  services: Services,
  transfer: Opening | Sending,
  opened: Extract<Opened, { kind: 'session' }>,
  withSha: boolean,
  time: StepTime,
): Promise<boolean> {
  const owned = await changeTarget(services, transfer, (from) => ({
    ...from,
    upload: {
      ...from.upload,
      intended: false,
      damaged: false,
      transferId: transfer.id,
      session: opened.session,
      serial: opened.serial,
      openedAt: services.clock(),
      size: transfer.source.size,
    },
  }));
  if (!owned) {
    await abandonSession(services, transfer, opened.session, time);
    await end(services, transfer.id, 'superseded', SUPERSEDED);
    return false;
  }
  const { session, sliceSize, serial } = opened;
  const next: Transfer = await change(services, transfer.id, (from) =>
    toSending(from, { session, sliceSize, serial, withSha }, services.clock()),
  );
  if (next.state === 'sending') return true;
  // it is over: cancelled, superseded, or stored by another execution
  await abandonSession(services, transfer, opened.session, time);
  return false;
}
