import { NotIdentical, SessionLost } from '../errors.ts';
import type { Receipt } from '../session/receipt.ts';
import type { Sending, Transfer } from '../session/transfer.ts';
import type { Slice } from '../slices/slices.ts';
import type { IdInput } from './api-words.ts';
import { heldInCos, mustBeSending, plan } from './client-slices.ts';
import { Declined } from './declined.ts';
import { finishUpload } from './finish-upload.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { keepReceipt } from './prove.ts';
import { notClientDriven } from './put-slice.ts';
import { end, load } from './step.ts';

const MISSING_SHOWN = 1_000;

/** Closes the upload of a client and proves it. Throws Declined with the missing slices while there are any. */
export async function finishClientUpload(
  { path }: IdInput,
  parts: RelayParts,
  time: StepTime,
): Promise<Receipt> {
  const transfer = await load(parts, path.id);
  if (transfer.state === 'stored') {
    await keepReceipt(transfer, parts, time); // it may be what an earlier try failed at
    return transfer.receipt;
  }
  if (transfer.source.kind !== 'client') throw notClientDriven();
  const sending = mustBeSending(transfer);
  await nothingMissing(sending, parts, time);
  return proof(await close(sending, parts, time));
}

async function nothingMissing(transfer: Sending, parts: RelayParts, time: StepTime): Promise<void> {
  const held = await heldInCos(transfer, parts, time);
  if (held === 'lost') throw new SessionLost('COS does not list the session of this transfer');
  const { missing } = plan(transfer, held);
  if (missing.length > 0) throw gap(missing);
}

async function close(transfer: Sending, parts: RelayParts, time: StepTime): Promise<Transfer> {
  const input = { transferId: transfer.id, reopens: 0, gaps: 0, windowsUsed: 0, how: 'sent' } as const;
  try {
    const finished = await finishUpload(input, parts, time);
    if (finished.kind === 'gap') {
      await nothingMissing(transfer, parts, time);
      throw gap([]); // COS refuses, yet lists nothing as missing: its list lags
    }
  } catch (error) {
    if (error instanceof NotIdentical) {
      const { name, message, wayOut, requestId } = error;
      await end(parts, transfer.id, 'failed', { error: name, message, wayOut, requestId });
    }
    throw error;
  }
  return load(parts, transfer.id);
}

function proof(transfer: Transfer): Receipt {
  if (transfer.state === 'stored') return transfer.receipt;
  mustBeSending(transfer); // ended meanwhile: says how
  throw new SessionLost('the upload was opened anew while it was finished');
}

const gap = (missing: readonly Slice[]): Declined =>
  new Declined(
    'slices-missing',
    missing.length > 0 ? `${missing.length} slices are missing` : 'COS says that slices are missing',
    'send what is missing, then finish again',
    { missing: missing.slice(0, MISSING_SHOWN), missingCount: missing.length },
  );
