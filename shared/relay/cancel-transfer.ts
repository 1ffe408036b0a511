import { targetName } from '../cos/target.ts';
import type { Transfer } from '../session/transfer.ts';
import { abandonSession } from './abandon-session.ts';
import { changeTarget } from './change-target.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { end } from './step.ts';

export type CancelOptions = {
  /** Leave the unfinished upload in COS, for a later try. */
  readonly keepUpload?: boolean;
};

/**
 * Ends a running transfer: its workers stop by themselves, and the unfinished upload is deleted from COS. It stays
 * when an older file is at the path, since deleting would take that file too. A transfer that is over stays as it is.
 */
export async function cancelTransfer(
  transferId: string,
  { keepUpload }: CancelOptions,
  parts: RelayParts,
  time: StepTime,
): Promise<Transfer> {
  const why = { error: 'Cancelled', message: 'cancelled on request' };
  const transfer = await end(parts, transferId, 'cancelled', why);
  if (transfer.state !== 'cancelled' || keepUpload) return transfer;
  const upload = (await parts.store.getTarget(targetName(transfer.target)))?.upload;
  if (upload?.transferId !== transferId || upload.session === undefined || upload.replaces) return transfer;
  await abandonSession(parts, transfer, upload.session, time);
  await changeTarget(parts, transfer, ({ upload: _, ...from }) => from);
  return transfer;
}
