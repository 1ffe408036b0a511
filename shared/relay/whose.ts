import type { Listed } from '../cos/client.ts';
import type { Stray, TargetRecord } from '../session/target-record.ts';
import type { Transfer } from '../session/transfer.ts';
import { SLICE_SIZES } from '../slices/slices.ts';

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

export type Whose =
  | 'ours' // recorded for this very source version, or carrying its sha
  | 'left-over' // ours, but of another version, or opened and never recorded: nothing in it is wanted
  | 'foreign';

/**
 * Whose upload COS lists. Without a sha COS cannot tell two versions of a file apart, so only what the table says of
 * the session counts. A session whose sizes do not fit the source is not ours, whatever its name.
 */
export function whoseUpload(listed: Unfinished, transfer: Transfer, record: TargetRecord | undefined): Whose {
  const upload = record?.upload;
  const recorded = upload?.session === listed.session;
  const fits = listed.size === transfer.source.size && isSliceSize(listed.sliceSize);
  if (recorded && upload.transferId === transfer.id && fits && hasSliceSize(transfer, listed)) return 'ours';
  if (fits && listed.sha1 !== undefined && listed.sha1 === transfer.source.sha1) return 'ours';
  if (recorded || record?.strays?.some((stray) => isStray(stray, listed))) return 'left-over';
  // We said we would open a session and did not live to record it: an empty one of this size is that one.
  const intended = upload?.transferId === transfer.id && (upload.intended || upload.session === undefined);
  return intended && listed.held.length === 0 && listed.size === transfer.source.size
    ? 'left-over'
    : 'foreign';
}

/** Opened by a transfer of ours that had lost the target; if it never told the session, an empty one of its size is it. */
const isStray = ({ session, size }: Stray, listed: Unfinished): boolean =>
  session === undefined ? listed.held.length === 0 && listed.size === size : listed.session === session;

const isSliceSize = (size: number): boolean => SLICE_SIZES.some((known) => known === size);

const hasSliceSize = (transfer: Transfer, listed: Unfinished): boolean =>
  transfer.state !== 'sending' ||
  transfer.session !== listed.session ||
  transfer.sliceSize === listed.sliceSize;
