import type { CosFile, Listed } from '../cos/client.ts';
import type { S3Origin } from '../records/source-version.ts';
import {
  type Orphan,
  recordedIn,
  type StoredFile,
  sourceName,
  type Target,
} from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import { SLICE_SIZES } from '../slices/slices.ts';
import { toSeconds } from '../time.ts';

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

export type Whose =
  | 'ours' // recorded for this very source version, or carrying its sha
  | 'unrecorded' // opened by an init of this transfer that did not write it down, or not yet: nothing is in it
  | 'left-over' // ours, but of another version, or wanted by nobody: nothing in it is wanted
  | 'foreign';

/**
 * Whose upload COS lists. Without a sha COS cannot tell two versions of a file apart, so only what the table says of
 * the session counts. A session whose sizes do not fit the source is not ours, whatever its name.
 */
export function whoseUpload(listed: Unfinished, transfer: Transfer, target: Target | undefined): Whose {
  const upload = target?.upload;
  const isMine = upload?.transferId === transfer.id;
  const isRecorded = recordedIn(upload)?.session === listed.session;
  // the target's record may have expired, and been claimed anew, while the upload went on
  const isOwn = !recordedIn(upload) && transfer.state === 'sending' && transfer.session === listed.session;
  const fits = listed.size === transfer.source.size && isSliceSize(listed.sliceSize);
  if (((isRecorded && isMine) || isOwn) && fits && hasSliceSize(transfer, listed)) return 'ours';
  if (fits && listed.sha1 !== undefined && listed.sha1 === transfer.source.sha1) return 'ours';
  if (isRecorded || target?.orphans.some((orphan) => isOrphan(orphan, listed))) return 'left-over';
  // slices go out only after the session was written down, so one that nobody recorded is empty
  const isOpening = isMine && upload.state === 'opening';
  return isOpening && listed.held.length === 0 && listed.size === transfer.source.size
    ? 'unrecorded'
    : 'foreign';
}

/** Opened by a transfer of ours that had lost the target; if its init was never answered, an empty one of its size is it. */
const isOrphan = ({ session, size }: Orphan, listed: Unfinished): boolean =>
  session === undefined ? listed.held.length === 0 && listed.size === size : listed.session === session;

const isSliceSize = (size: number): boolean => SLICE_SIZES.some((known) => known === size);

const hasSliceSize = (transfer: Transfer, listed: Unfinished): boolean =>
  transfer.state !== 'sending' ||
  transfer.session !== listed.session ||
  transfer.sliceSize === listed.sliceSize;

/**
 * What proves that the file at the target is this source version: its SHA-1, or our own record of having stored this
 * version there, if the file still is the one of then. Size and time prove nothing: they count only under the policy that
 * is named for it. Undefined: nothing does, or something speaks against it.
 */
export function evidenceOf(
  file: CosFile,
  { source, options }: Pick<Transfer, 'source' | 'options'>,
  target: Pick<Target, 'file'> | undefined,
): 'sha1' | 'own-record' | 'unproven' | undefined {
  if (file.size !== source.size || file.received !== file.size) return undefined;
  if (file.sha1 !== undefined && source.sha1 !== undefined)
    return file.sha1 === source.sha1 ? 'sha1' : undefined;
  if (source.kind === 'client') return undefined;
  const last = target?.file;
  if (last?.state === 'unknown') return undefined;
  if (last?.state === 'stored') return isRecorded(file, source, last) ? 'own-record' : undefined;
  // who asks for proof is not served with a guess
  if (options.onExisting !== 'skip-same-size' || options.integrity === 'sha1') return undefined;
  const isOlder = file.modifiedAt !== undefined && file.modifiedAt < toSeconds(source.lastModified);
  return isOlder ? undefined : 'unproven';
}

const isRecorded = (file: CosFile, source: S3Origin, last: StoredFile): boolean =>
  last.sourceName === sourceName(source) &&
  last.etag === source.etag &&
  last.size === source.size &&
  (last.createdAt ?? file.createdAt) === file.createdAt &&
  (last.modifiedAt ?? file.modifiedAt) === file.modifiedAt;

/** Proven by SHA-1 and size: a file that is there already and is in nobody's way. */
const isIdentical = (file: CosFile, { source }: Pick<Transfer, 'source'>): boolean =>
  file.size === source.size &&
  file.received === file.size &&
  file.sha1 !== undefined &&
  file.sha1 === source.sha1;

/** What to do with a file that is there already, under the transfer's policy. */
export type ExistingFile =
  | 'leave' // it is this source version
  | 'replace'
  | 'refuse'; // the policy is to leave what is there, and nothing proves that it is the same

export function onExistingFile(
  file: CosFile | { readonly kind: 'none' },
  transfer: Transfer,
  target: Target,
): ExistingFile {
  // the very same bytes are in nobody's way: an earlier try may have left them, or another transfer of this version
  const evidence = file.kind === 'file' ? evidenceOf(file, transfer, target) : undefined;
  const isProven = evidence === 'own-record' || (file.kind === 'file' && isIdentical(file, transfer));
  if (transfer.options.onExisting === 'fail' && !isProven) return 'refuse';
  return evidence ? 'leave' : 'replace';
}

/** Whether the file was proven by this transfer, whatever was opened beside it since. */
export const isProvenBy = ({ file }: Pick<Target, 'file'>, transferId: string): boolean =>
  file?.state === 'stored' && file.transferId === transferId;

/** Whether the file was proven by this transfer, though the transfer itself may not say so yet. */
export const isStoredBy = (target: Target, transferId: string): boolean =>
  !target.upload && isProvenBy(target, transferId);

export const factsOf = ({ size, sha1, createdAt, modifiedAt }: CosFile) => ({
  size,
  ...(sha1 !== undefined && { sha1 }),
  ...(createdAt !== undefined && { createdAt }),
  ...(modifiedAt !== undefined && { modifiedAt }),
});

/** Whether the file there is another one than was there before the upload was opened. */
export function isNew(file: CosFile, { upload }: Pick<Target, 'upload'>): boolean {
  if (!upload?.replaces) return true;
  const now = factsOf(file);
  const { sha1, createdAt, modifiedAt } = upload.replaces;
  return now.sha1 !== sha1 || now.createdAt !== createdAt || now.modifiedAt !== modifiedAt;
}
