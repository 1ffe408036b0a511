import type { CosFile, Listed } from '../cos/client.ts';
import { type Orphan, recordedIn, sourceName, type Target } from '../records/target-record.ts';
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
 * Whether the file at the target is this source version, as far as anybody can tell without reading it. Equal size is
 * not enough when something speaks against it: another sha, our own record of another version stored there, a transfer of
 * ours that may have written there without recording it, or a file older than the version itself.
 */
function isSame(file: CosFile, transfer: Transfer, target: Target | undefined): boolean {
  const { source } = transfer;
  if (file.size !== source.size || file.received !== file.size) return false;
  if (file.sha1 !== undefined && source.sha1 !== undefined) return file.sha1 === source.sha1;
  if (source.kind === 'client') return false;
  const last = target?.file;
  if (last?.state === 'unknown') return false;
  if (last?.state === 'stored')
    return last.sourceName === sourceName(source) && last.etag === source.etag && last.size === source.size;
  if (transfer.options.integrity === 'sha1') return false; // who asks for proof is not served with a guess
  return file.modifiedAt === undefined || file.modifiedAt >= toSeconds(source.lastModified);
}

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
  // the very same bytes are in nobody's way: they may be what an earlier try left whose answer was lost
  if (transfer.options.onExisting === 'fail' && !(file.kind === 'file' && isIdentical(file, transfer)))
    return 'refuse';
  return file.kind === 'file' && isSame(file, transfer, target) ? 'leave' : 'replace';
}

/** Whether the file was proven by this transfer, though the transfer itself may not say so yet. */
export const isStoredBy = ({ upload, file }: Target, transferId: string): boolean =>
  !upload && file?.state === 'stored' && file.transferId === transferId;

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
