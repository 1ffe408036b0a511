import { type CosTarget, pathProblem, targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { isGone, isHopeless, reasonOf } from '../records/end-reason.ts';
import type { S3Origin } from '../records/source-version.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import { makeDirectories } from '../relay/make-directories.ts';
import { keepReceipt } from '../relay/prove.ts';
import type { ObjectMetadata } from '../s3/object-source.ts';
import type { Machine, Services, StepTime } from '../services.ts';
import { decideClaim, ownerOf } from '../target/claim-order.ts';
import type { Destination } from '../transfer/destination.ts';
import { end, SUPERSEDED } from '../transfer/end-transfer.ts';
import { assertStorable, registerTransfer, restarted, startMachine } from '../transfer/register-transfer.ts';
import { carrySmall } from './carry-small.ts';
import type { Delivery } from './delivery.ts';
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

type EventServices = Services & { readonly machine: Machine };

/**
 * Starts the relay of an object, or carries a small one at once. Events come more than once and in any order: the
 * same one again changes nothing, one of an older version leaves a record only. Throws what makes the event worth
 * another try; undefined for a folder's marker, which is no file.
 */
export async function objectArrived(
  arrived: ArrivedObject,
  to: Destination,
  services: EventServices,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer | undefined> {
  const { at, ...facts } = arrived;
  const told: S3Origin = { kind: 's3', lastModified: at, ...facts };
  if (isFolder(told, to.target)) return makeFolder(told, to.target, services, time);
  await mustBeStorable(told, to, services);
  try {
    const { object, metadata } = await services.source.pin(arrived, time.signal);
    const sha1 = object.sha1 !== undefined ? { sha1: object.sha1 } : {};
    const source = { ...told, lastModified: object.lastModified, ...sha1 };
    return await relayVersion(source, metadata, to, services, time, delivery);
  } catch (error) {
    if (isGone(error)) return leaveRecord(told, to, error, services);
    if (delivery.last || isHopeless(error)) await neverBegun(told, to, error, services);
    throw error;
  }
}

/** Relays one version that S3 holds now, unless its transfer is running or over already. */
export async function relayVersion(
  source: S3Origin,
  metadata: ObjectMetadata,
  { target, options }: Destination,
  services: EventServices,
  time: StepTime,
  delivery: Delivery,
): Promise<Transfer> {
  const known = await registerTransfer(source, target, options, services, { restart: false });
  const transfer = known.state === 'failed' ? await restarted(known, services) : known;
  await keepReceipt(transfer, services, time); // an earlier delivery may have failed at just that
  if (!isActive(transfer)) return transfer;
  if (source.size <= services.settings.smallObjectMax && !delivery.late) {
    return carrySmall({ ...transfer, metadata }, services, time, delivery);
  }
  const current = await services.store.getTarget(targetName(target));
  if (decideClaim(current, { owner: ownerOf(transfer.id, source) }, services.clock()) === 'older') {
    return end(services, transfer.id, 'superseded', SUPERSEDED);
  }
  await startMachine(transfer, services.machine);
  return transfer;
}

/** What the S3 console makes of "Create folder". */
const isFolder = ({ size, key }: S3Origin, { path }: CosTarget): boolean =>
  size === 0 && key.endsWith('/') && path.endsWith('/') && pathProblem(path.slice(0, -1)) === undefined;

async function makeFolder(
  { bucket, key }: S3Origin,
  target: CosTarget,
  services: Services,
  { signal }: StepTime,
): Promise<undefined> {
  await makeDirectories(services.cos, target, signal);
  services.log.info('the marker of a folder: its directory is there', { bucket, key });
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
    const refused = await registerTransfer(source, target, options, services, {
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
): Promise<void> {
  if (error instanceof TargetBusy) return; // somebody is at it
  const transfer = await registerTransfer(told, target, options, services, { restart: false });
  if (transfer.state !== 'opening' || transfer.attempts > 0) return;
  await end(services, transfer.id, 'failed', reasonOf(error));
}

/** Deleted since, or overwritten where S3 keeps no versions: whatever came after it has an event of its own. */
async function leaveRecord(
  gone: S3Origin,
  { target, options }: Destination,
  error: unknown,
  services: Services,
): Promise<Transfer> {
  const dropped = await registerTransfer(gone, target, options, services, { restart: false });
  if (!isActive(dropped)) return dropped;
  return end(services, dropped.id, 'superseded', reasonOf(error));
}
