import { type CosTarget, pathProblem, targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import type { S3Origin } from '../session/origin.ts';
import { decideClaim, ownerOf } from '../session/target-record.ts';
import { isActive, type Transfer } from '../session/transfer.ts';
import type { TransferOptions } from '../session/transfer-options.ts';
import type { ObjectMetadata } from '../source/source.ts';
import { carrySmall } from './carry-small.ts';
import { makeDirectories } from './directories.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { keepReceipt } from './prove.ts';
import { isGone, isHopeless, reasonOf } from './reason.ts';
import { assertStorable, type Machine, registerTransfer, restarted, startMachine } from './start-transfer.ts';
import { end, SUPERSEDED } from './step.ts';

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

/** One delivery of an event. */
export type Delivery = {
  /** The queue gives it up after this one: what goes wrong now must be written down. */
  readonly last: boolean;
  /** There is no time left to carry even a small object here: the machine does. */
  readonly late: boolean;
};

type EventParts = RelayParts & { readonly machine: Machine };

/**
 * Starts the relay of an object, or carries a small one at once. Events come more than once and in any order: the
 * same one again changes nothing, one of an older version leaves a record only. Throws what makes the event worth
 * another try; undefined for a folder's marker, which is no file.
 */
export async function objectArrived(
  arrived: ArrivedObject,
  to: Destination,
  parts: EventParts,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer | undefined> {
  const { at, ...facts } = arrived;
  const told: S3Origin = { kind: 's3', lastModified: at, ...facts };
  if (isFolder(told, to.target)) return makeFolder(told, to.target, parts, time);
  await mustBeStorable(told, to, parts);
  try {
    const { object, metadata } = await parts.source.pin(arrived, time.signal);
    const sha1 = object.sha1 !== undefined ? { sha1: object.sha1 } : {};
    const source = { ...told, lastModified: object.lastModified, ...sha1 };
    return await relayVersion(source, metadata, to, parts, time, delivery);
  } catch (error) {
    if (isGone(error)) return leaveRecord(told, to, error, parts);
    if (delivery.last || isHopeless(error)) await neverBegun(told, to, error, parts);
    throw error;
  }
}

/** Relays one version that S3 holds now, unless its transfer is running or over already. */
export async function relayVersion(
  source: S3Origin,
  metadata: ObjectMetadata,
  { target, options }: Destination,
  parts: EventParts,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer> {
  const known = await registerTransfer(source, target, options, parts, { restart: false });
  const transfer = known.state === 'failed' ? await restarted(known, parts) : known;
  await keepReceipt(transfer, parts, time); // an earlier delivery may have failed at just that
  if (!isActive(transfer)) return transfer;
  if (source.size <= parts.settings.smallObjectMax && !delivery.late) {
    return carrySmall({ ...transfer, metadata }, parts, time, delivery);
  }
  const current = await parts.store.getTarget(targetName(target));
  if (decideClaim(current, ownerOf(transfer.id, source), parts.clock()) === 'older') {
    return end(parts, transfer.id, 'superseded', SUPERSEDED);
  }
  await startMachine(transfer, parts.machine);
  return transfer;
}

/** What the S3 console makes of "Create folder". */
const isFolder = ({ size, key }: S3Origin, { path }: CosTarget): boolean =>
  size === 0 && key.endsWith('/') && path.endsWith('/') && pathProblem(path.slice(0, -1)) === undefined;

async function makeFolder(
  { bucket, key }: S3Origin,
  target: CosTarget,
  parts: RelayParts,
  { signal }: StepTime,
): Promise<undefined> {
  await makeDirectories(parts.cos, target, signal);
  parts.log.info('the marker of a folder: its directory is there', { bucket, key });
}

/** A name that COS cannot hold fails by name, before anything is sent. Throws BadInput. */
async function mustBeStorable(
  source: S3Origin,
  { target, options }: Destination,
  parts: RelayParts,
): Promise<void> {
  try {
    assertStorable(target);
  } catch (error) {
    const refused = await registerTransfer(source, target, options, parts, { anyPath: true, restart: false });
    if (isActive(refused)) await end(parts, refused.id, 'failed', reasonOf(error));
    throw error;
  }
}

/** The event goes to the dead-letter queue before anything began: its transfer says why. */
async function neverBegun(
  told: S3Origin,
  { target, options }: Destination,
  error: unknown,
  parts: RelayParts,
): Promise<void> {
  if (error instanceof TargetBusy) return; // somebody is at it
  const transfer = await registerTransfer(told, target, options, parts, { restart: false });
  if (transfer.state !== 'opening' || transfer.attempts > 0) return;
  await end(parts, transfer.id, 'failed', reasonOf(error));
}

/** Deleted since, or overwritten where S3 keeps no versions: whatever came after it has an event of its own. */
async function leaveRecord(
  gone: S3Origin,
  { target, options }: Destination,
  error: unknown,
  parts: RelayParts,
): Promise<Transfer> {
  const dropped = await registerTransfer(gone, target, options, parts, { restart: false });
  if (!isActive(dropped)) return dropped;
  return end(parts, dropped.id, 'superseded', reasonOf(error));
}
