import { type CosTarget, pathProblem, targetName } from '../cos/target.ts';
import { SourceMissing, TargetBusy } from '../errors.ts';
import { identifyingVersion, type S3Origin } from '../records/source-version.ts';
import { isNobody, type Owner, sourceName, type Target } from '../records/target-record.ts';
import { isActive, transferId } from '../records/transfer.ts';
import { DIRECT_HOLD_MS } from '../relay/upload-direct.ts';
import type { ObjectMetadata, PinnedObject } from '../s3/object-source.ts';
import type { Machine, Services, StepTime } from '../services.ts';
import { changeTarget } from '../target/change-target.ts';
import { takeAndHold } from '../target/claim-target.ts';
import { released } from '../target/hold-transitions.ts';
import { fileDeleted } from '../target/transitions.ts';
import type { Destination } from '../transfer/destination.ts';
import type { Delivery } from './delivery.ts';
import { type PinnedVersion, relayVersion } from './object-arrived.ts';

/** What an "Object Deleted" event tells: an object, one version of it, or that a delete marker was set. */
export type DeletedObject = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly sequencer?: string | undefined;
  /** When the event was made, in ms since the epoch. */
  readonly at: number;
};

type EventServices = Services & { readonly machine: Machine };

/**
 * Mirrors a deletion. S3 itself is asked what the key holds now, because the event alone cannot tell: a version that
 * was deleted for good need not have been the current one, and a newer object may be there already. Throws TargetBusy.
 */
export async function objectDeleted(
  gone: DeletedObject,
  services: EventServices,
  time: StepTime,
  delivery: Delivery,
): Promise<void> {
  const { target } = delivery.to;
  if (pathProblem(target.path) !== undefined) return; // it never was in COS
  const current = await currentVersion(gone, services, time);
  const record = await services.store.getTarget(targetName(target));
  if (current) {
    const isOfOurs =
      wasMirrored(gone, record) ||
      (await isUnderWay(gone, target, services)) ||
      (await isBegun(gone, current, delivery.to, services));
    if (!isOfOurs) return say('a deletion was not of the current version', gone, services);
    await relayVersion(revived(gone, current), services, time, delivery);
    return;
  }
  const isOfAnother = record && !isNobody(record.owner) && record.owner.sourceName !== nameOf(gone);
  if (isOfAnother && record.active && record.owner.told)
    throw new TargetBusy(`${record.name} is held for a version that S3 has not confirmed`);
  if (isOfAnother)
    return say('a deletion was not mirrored: the file in COS is of another source', gone, services);
  const back = await removeFile(gone, target, services, time);
  if (back) await relayVersion(revived(gone, back), services, time, delivery);
}

/** What COS mirrors was taken away, and an older version is the current one again: S3 sends no event for that. */
const revived = ({ sequencer }: DeletedObject, { object, metadata }: Current): PinnedVersion => ({
  source: {
    kind: 's3',
    ...object,
    ...(sequencer !== undefined && { sequencer, revivedBy: sequencer }),
  },
  metadata,
});

/** An earlier delivery found the target busy: its transfer must come to an end. */
const isBegun = async (
  gone: DeletedObject,
  current: Current,
  { target }: Destination,
  services: Services,
): Promise<boolean> =>
  // without a sequencer its transfer would be that of the version's own event
  gone.sequencer !== undefined && isCarried(revived(gone, current).source, target, services);

type Current = { readonly object: PinnedObject; readonly metadata: ObjectMetadata };

/** Undefined if S3 says that the key holds nothing. That it may not be read is no such answer, and is thrown. */
async function currentVersion(
  { bucket, key }: DeletedObject,
  { source }: Services,
  { signal }: StepTime,
): Promise<Current | undefined> {
  try {
    return await source.pin({ bucket, key }, signal);
  } catch (error) {
    if (error instanceof SourceMissing && error.absent) return undefined;
    throw error;
  }
}

const wasMirrored = ({ versionId }: DeletedObject, record: Target | undefined): boolean =>
  versionId !== undefined && record?.owner.versionId === versionId;

/** The deleted version is being carried, and has not claimed the target yet: it will, from the version that is current again. */
const isUnderWay = async (
  { bucket, key, versionId }: DeletedObject,
  target: CosTarget,
  services: Services,
): Promise<boolean> =>
  identifyingVersion(versionId) !== undefined &&
  // a transfer's id goes by the version alone where there is one
  isCarried({ kind: 's3', bucket, key, versionId, etag: '', size: 0, lastModified: 0 }, target, services);

async function isCarried(source: S3Origin, target: CosTarget, { store }: Services): Promise<boolean> {
  const transfer = await store.get(transferId(source, target));
  return transfer !== undefined && isActive(transfer);
}

const nameOf = ({ bucket, key }: DeletedObject): string => sourceName({ kind: 's3', bucket, key });

/**
 * One op=delete under a hold, in its place among the versions: an older one that comes late stays away. Nothing is
 * deleted, and the current version told, if the deletion was undone before the target was ours.
 */
async function removeFile(
  gone: DeletedObject,
  target: CosTarget,
  services: Services,
  time: StepTime,
): Promise<Current | undefined> {
  const owner: Owner = {
    transferId: `deletion-${gone.sequencer ?? gone.at}`,
    sourceName: nameOf(gone),
    lastModified: gone.at,
    ...(gone.versionId !== undefined && { versionId: gone.versionId }),
    ...(gone.sequencer !== undefined && { sequencer: gone.sequencer }),
  };
  const claim = { name: targetName(target), owner, holdMs: DIRECT_HOLD_MS };
  const taken = await takeAndHold(services, claim, time, async (held, own, by) => {
    const release = () =>
      changeTarget(services, held.name, released(owner.transferId, services.clock(), by), { known: held });
    const back = await currentVersion(gone, services, own).catch(async (error: unknown) => {
      await release(); // nothing was sent that somebody would have to wait for
      throw error;
    });
    if (back) {
      await release();
      return back;
    }
    const { kind } = await services.cos.remove(target, own.signal);
    await changeTarget(services, held.name, fileDeleted(owner), { known: held });
    say(kind === 'removed' ? 'a deletion was mirrored' : 'a deletion found no file in COS', gone, services);
    return undefined;
  });
  if (taken.kind === 'ours') return taken.value;
  say('a deletion came after a newer version', gone, services);
  return undefined;
}

const say = (what: string, { bucket, key, versionId }: DeletedObject, { log }: Services): void =>
  log.info(what, { bucket, key, versionId });
