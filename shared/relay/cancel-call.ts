import type { CancelInput, TransferView } from './api-words.ts';
import { cancelTransfer } from './cancel-transfer.ts';
import { mustBeSending } from './client-slices.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { show } from './show-transfer.ts';

/** Cancels what is under way. Throws Declined for what is over already, unless it was cancelled before. */
export async function cancelOnRequest(
  { path, query }: CancelInput,
  parts: RelayParts,
  time: StepTime,
): Promise<TransferView> {
  const transfer = await cancelTransfer(path.id, { keepUpload: query.keepUpload ?? false }, parts, time);
  if (transfer.state !== 'cancelled') mustBeSending(transfer);
  return show(transfer, parts);
}
