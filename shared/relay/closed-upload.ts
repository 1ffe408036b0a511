import type { CosFile } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { SessionLost } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import { recordedIn, type Target } from '../records/target-record.ts';
import { isActive, type Opening, type Sending, sessionSha } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { missingSlices, planSlices } from '../slices/slices.ts';
import { changeTarget } from '../target/change-target.ts';
import { isNew, isStoredBy } from '../target/recognise.ts';
import { spoiled } from '../target/upload-transitions.ts';
import { confirmedSlices, damagedSlices } from './held-slices.ts';

/** What a file is that stands where an upload of ours was open. */
export type ClosedUpload =
  | 'ours' // our session became this file, and nothing speaks against its bytes
  | 'unsound' // our session became it with a slice that was damaged, or that nobody confirmed though that was asked for
  | 'not-ours'; // it was there before, or nothing tells that our session became it

export type SeenFile = {
  /** As stat states it. */
  readonly file: CosFile | { readonly kind: 'none' };
  readonly target: Target;
  /** The session was reported lost: then all of it must have been held or confirmed for the file to be ours. */
  readonly isLost: boolean;
};

type Recorded = Pick<Services, 'store'>;

/**
 * COS has no open session any more, and a file is there: another execution may have closed ours, COS by itself, or a
 * finish whose answer was lost. The one verdict on all three.
 */
export async function judgeClosed(
  transfer: Opening | Sending,
  { file, target, isLost }: SeenFile,
  services: Recorded,
): Promise<ClosedUpload> {
  const { size } = transfer.source;
  if (file.kind !== 'file' || file.size !== size || file.received !== size) return 'not-ours';
  if (isStoredBy(target, transfer.id)) return 'ours'; // proven, and about to be written down
  const { upload } = target;
  if (transfer.state !== 'sending' || upload?.transferId !== transfer.id) return 'not-ours';
  if (!isNew(file, target)) return 'not-ours';
  if (recordedIn(upload)?.state === 'spoiled') return 'unsound';
  const proof = await sliceProof(transfer, services);
  if (isLost && proof.unconfirmed > 0 && transfer.heldBytes !== size) return 'not-ours';
  return isSound(transfer, proof) ? 'ours' : 'unsound';
}

/**
 * The verdict on a file that stands in the way of an init, by what the records say now: another execution of the transfer
 * may have opened, sent and closed since this one read them. `over` when the transfer is, or its target is another's.
 */
export async function judgeInTheWay(
  { id, target: path }: Opening | Sending,
  file: SeenFile['file'],
  services: Recorded,
): Promise<ClosedUpload | 'over'> {
  if (file.kind === 'none' || file.received !== file.size) return 'not-ours';
  const target = await services.store.getTarget(targetName(path));
  const transfer = await load(services, id);
  if (target?.owner.transferId !== id || !isActive(transfer)) return 'over';
  return judgeClosed(transfer, { file, target, isLost: true }, services);
}

/**
 * Our session was closed: every slice must have arrived as it was sent. Another execution may have sent one again, and
 * damaged it, while this one finished. Throws SessionLost, and has the file replaced.
 */
export async function mustBeSound(transfer: Sending, services: Recorded): Promise<void> {
  if (!isSound(transfer, await sliceProof(transfer, services))) await sendAgain(transfer, services);
}

/** Has the file replaced that COS made of our session. Throws SessionLost. */
export async function sendAgain(transfer: Opening | Sending, services: Recorded): Promise<never> {
  await changeTarget(services, targetName(transfer.target), spoiled(transfer.id));
  throw new SessionLost(
    'COS closed the file with a slice that was damaged or not confirmed: it is sent again',
  );
}

type SliceProof = { readonly unconfirmed: number; readonly damaged: number };

async function sliceProof(transfer: Sending, { store }: Recorded): Promise<SliceProof> {
  const all = planSlices(transfer.source.size, transfer.sliceSize);
  const windows = await store.windows(transfer.id);
  return {
    unconfirmed: missingSlices(all, confirmedSlices(all, transfer.session, windows)).length,
    damaged: damagedSlices(all, transfer.session, windows).length,
  };
}

/** Under `verified` every slice must be confirmed, unless COS compared the SHA-1 of the whole. */
function isSound(transfer: Sending, { unconfirmed, damaged }: SliceProof): boolean {
  if (damaged > 0) return false;
  const believed = transfer.options.trustListed === 'listed' || sessionSha(transfer).sha1 !== undefined;
  return believed || unconfirmed === 0;
}
