import { type CosTarget, pathProblem, targetName } from '../cos/target.ts';
import { BudgetUsedUp, SourceArchived, TargetBusy } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import { isGone, isHopeless, reasonOf } from '../records/end-reason.ts';
import type { S3Origin } from '../records/source-version.ts';
import { inSequence, isActive, type Transfer, transferId } from '../records/transfer.ts';
import { makeDirectories } from '../relay/make-directories.ts';
import { mustBeReadable } from '../relay/must-be-readable.ts';
import { keepReceipt } from '../relay/prove.ts';
import type { ObjectMetadata } from '../s3/object-source.ts';
import type { Machine, Services, StepTime } from '../services.ts';
import { decideClaim, ownerOf } from '../target/claim-order.ts';
import { beginKnownWithin } from '../transfer/begin-within.ts';
import type { Destination } from '../transfer/destination.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';
import {
  assertFits,
  assertStorable,
  knownOrNew,
  registerTransfer,
  restarted,
  startMachine,
} from '../transfer/register-transfer.ts';
import { carryAsTold, carrySmall } from './carry-small.ts';
import type { Delivery } from './delivery.ts';

/**
 * What an event tells of an object that can be read from now on. `key` is plain text. ETag and size (in bytes) are hints:
 * S3's own answer decides.
 */
export type ArrivedObject = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly etag?: string | undefined;
  readonly size?: number | undefined;
  readonly sequencer?: string | undefined;
  /** When the event was made, in ms since the epoch. */
  readonly at: number;
};

/** What S3 itself says of the version to carry. */
export type PinnedVersion = { readonly source: S3Origin; readonly metadata: ObjectMetadata };

type EventServices = Services & { readonly machine: Machine };

/**
 * Starts the relay of an object, or carries a small one at once. Events come more than once and in any order: the
 * same one again changes nothing, one of an older version leaves a record only. Throws what makes the event worth
 * another try; undefined for a folder's marker, which is no file.
 */
export async function objectArrived(
  arrived: ArrivedObject,
  services: EventServices,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer | undefined> {
  const { to } = delivery;
  const { at, etag = '', size = 0, ...named } = arrived;
  const told: S3Origin = { kind: 's3', lastModified: at, etag, size, ...named };
  if (isFolder(arrived)) return makeFolder(told, to.target, services, time);
  await mustBeStorable(told, to, services);
  try {
    const carried = await carryAsTold(told, services, time, delivery);
    if (carried) return carried;
    const { object, metadata } = mustBeReadable(await services.source.pin(arrived, time.signal));
    assertFits(object, services);
    return await relayVersion({ source: { ...told, ...object }, metadata }, services, time, delivery);
  } catch (error) {
    if (error instanceof BudgetUsedUp) throw error; // nothing of it was tried
    if (isGone(error)) return leaveRecord(told, to, error, services);
    // the event of its restore will relay it: this one has nothing to wait for
    if (error instanceof SourceArchived) return neverBegun(told, to, error, services);
    if (delivery.last || isHopeless(error)) await neverBegun(told, to, error, services);
    throw error;
  }
}

/** Relays one version that S3 holds now, unless its transfer is running or over already. */
export async function relayVersion(
  { source, metadata }: PinnedVersion,
  services: EventServices,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer> {
  const { target, options } = delivery.to;
  const isSmall = source.size <= services.settings.smallObjectMax && !delivery.late;
  await beginKnownWithin(services, transferId(source, target), source);
  // how a small one ends is its first record; but a deletion that comes again asks what it began
  const isWrittenLate = isSmall && source.revivedBy === undefined;
  const found = isWrittenLate
    ? await knownOrNew(source, { target, options }, services)
    : await registerTransfer(source, { target, options }, services, { restart: false });
  const known = await inItsPlace(found, source, services);
  const transfer = known.state === 'failed' ? await restarted(known, services) : known;
  await keepReceipt(transfer, services, time); // an earlier delivery may have failed at just that
  if (!isActive(transfer)) return transfer;
  if (isSmall && !transfer.inSlices) return carrySmall({ ...transfer, metadata }, services, time, delivery);
  const current = await services.store.getTarget(targetName(target));
  if (decideClaim(current, { owner: ownerOf(transfer.id, source) }, services.clock()) === 'older') {
    return end(services, transfer.id, 'superseded', SUPERSEDED);
  }
  await startMachine(transfer, services.machine);
  return transfer;
}

/** A call of the API that named the version first knew of no sequencer: without one it would pass a deletion of that second. */
async function inItsPlace(found: Transfer, source: S3Origin, services: Services): Promise<Transfer> {
  const ordered = inSequence(found, source);
  if (ordered === found || !isActive(ordered)) return ordered;
  return change(services, found.id, (from) => inSequence(from, source), { known: found });
}

/** What the S3 console makes of "Create folder", wherever its key is mapped to. */
const isFolder = ({ size, key }: ArrivedObject): boolean => (size ?? 0) === 0 && key.endsWith('/');

async function makeFolder(
  { bucket, key }: S3Origin,
  target: CosTarget,
  services: Services,
  { signal }: StepTime,
): Promise<undefined> {
  const { path } = target;
  const isDirectory = path.endsWith('/') && pathProblem(path.slice(0, -1)) === undefined;
  if (isDirectory) await makeDirectories(services.cos, target, signal);
  const what = isDirectory ? 'its directory is there' : 'there is no directory to make';
  services.log.info(`the marker of a folder: ${what}`, { bucket, key });
}

/** A name that COS cannot hold fails by name, before anything is sent. Throws BadInput. */
async function mustBeStorable(
  source: S3Origin,
  { target, options }: Destination,
  services: Services,
): Promise<void> {
  try {
    assertStorable(target);
  } catch (error) {
    const refused = await registerTransfer(source, { target, options }, services, {
      anyPath: true,
      restart: false,
    });
    if (isActive(refused)) await end(services, refused.id, 'failed', reasonOf(error));
    throw error;
  }
}

/** The event goes to the dead-letter queue before anything began: its transfer says why. */
async function neverBegun(
  told: S3Origin,
  { target, options }: Destination,
  error: unknown,
  services: Services,
): Promise<Transfer | undefined> {
  if (error instanceof TargetBusy) return undefined; // somebody is at it
  const transfer = await registerTransfer(told, { target, options }, services, { restart: false });
  if (transfer.state !== 'opening' || transfer.attempts > 0) return transfer;
  return end(services, transfer.id, 'failed', reasonOf(error));
}

/** Deleted since, or overwritten where S3 keeps no versions: whatever came after it has an event of its own. */
async function leaveRecord(
  gone: S3Origin,
  { target, options }: Destination,
  error: unknown,
  services: Services,
): Promise<Transfer> {
  const dropped = await registerTransfer(gone, { target, options }, services, { restart: false });
  if (!isActive(dropped)) return dropped;
  return end(services, dropped.id, 'superseded', reasonOf(error));
}
