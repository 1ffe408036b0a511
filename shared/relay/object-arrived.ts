import { type CosTarget, targetName } from '../cos/target.ts';
import { asError, RelayError, SourceChanged, SourceMissing } from '../errors.ts';
import { decideClaim, ownerOf } from '../session/target-record.ts';
import { isActive, type S3Origin, type Transfer, type TransferOptions } from '../session/transfer.ts';
import { finishUpload } from './finish-upload.ts';
import { openUpload } from './open-upload.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { type Machine, registerTransfer, startMachine } from './start-transfer.ts';
import { end } from './step.ts';

/** What an "Object Created" event tells. `key` is plain text; `size` in bytes. */
export type ArrivedObject = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly etag: string;
  readonly size: number;
  readonly sequencer?: string | undefined;
  /** When the event was made, in ms since the epoch. */
  readonly at: number;
};

export type Destination = { readonly target: CosTarget; readonly options: TransferOptions };

/**
 * Starts the relay of an object, or carries a small one at once. Events come more than once and in any order: the
 * same one again changes nothing, one of an older version leaves a record only. Throws what makes the event worth
 * another try.
 */
export async function objectArrived(
  arrived: ArrivedObject,
  { target, options }: Destination,
  parts: RelayParts & { readonly machine: Machine },
  time: StepTime,
): Promise<Transfer> {
  const { at, ...facts } = arrived;
  let source: S3Origin = { kind: 's3', lastModified: at, ...facts };
  try {
    const { object } = await parts.source.pin(arrived, time.signal);
    source = {
      ...source,
      lastModified: object.lastModified,
      ...(object.sha1 !== undefined && { sha1: object.sha1 }),
    };
  } catch (error) {
    // overwritten or deleted since: its successor has an event of its own
    if (error instanceof SourceChanged || error instanceof SourceMissing) return leaveRecord(source, error);
    throw error;
  }
  const transfer = await registerTransfer(source, target, options, parts, { restart: true });
  if (!isActive(transfer)) return transfer;
  const current = await parts.store.getTarget(targetName(target));
  if (decideClaim(current, ownerOf(transfer.id, source), parts.clock()) === 'older') {
    return end(parts, transfer.id, 'superseded', superseded);
  }
  if (source.size <= parts.settings.smallObjectMax) return carrySmall(transfer, parts, time);
  await startMachine(transfer, parts.machine);
  return transfer;

  async function leaveRecord(gone: S3Origin, error: RelayError): Promise<Transfer> {
    const dropped = await registerTransfer(gone, target, options, parts, { restart: false });
    if (!isActive(dropped)) return dropped;
    const why = { error: error.name, message: error.message, wayOut: error.wayOut };
    return end(parts, dropped.id, error instanceof SourceChanged ? 'superseded' : 'failed', why);
  }
}

const superseded = { error: 'Superseded', message: 'a newer version of the same source owns the target' };

/** The same steps as the machine's, one after the other: a small object needs no machine. */
async function carrySmall(transfer: Transfer, parts: RelayParts, time: StepTime): Promise<Transfer> {
  try {
    const opened = await openUpload({ transferId: transfer.id, reopens: 0, windowsUsed: 0 }, parts, time);
    if (opened.kind === 'stored') await finishUpload({ ...opened, gaps: 0 }, parts, time);
  } catch (thrown) {
    const error = asError(thrown);
    if (error instanceof SourceChanged) {
      return end(parts, transfer.id, 'superseded', { error: error.name, message: error.message });
    }
    const known = error instanceof RelayError ? error : undefined;
    // what passes is tried again by the queue; what will not is written down, and still reaches the dead-letter queue
    if (known?.remedy === 'give-up') {
      const { name, message, wayOut, cosCode, requestId } = known;
      await end(parts, transfer.id, 'failed', { error: name, message, wayOut, cosCode, requestId });
    }
    throw error;
  }
  return (await parts.store.get(transfer.id)) ?? transfer;
}
