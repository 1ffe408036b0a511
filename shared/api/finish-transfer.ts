import { NotIdentical, SessionLost } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import type { Receipt } from '../records/receipt.ts';
import type { Sending, Transfer } from '../records/transfer.ts';
import { finishUpload } from '../relay/finish-upload.ts';
import { keepReceipt } from '../relay/prove.ts';
import type { ApiServices, Services, StepTime } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { end } from '../transfer/end-transfer.ts';
import { loadFor } from './access.ts';
import { Declined, mustBeSending, notClientDriven } from './declined.ts';
import { heldInCos, plan } from './list-transfer-slices.ts';
import type { IdInput } from './request-schemas.ts';

const MISSING_SHOWN = 1_000;

/** Closes the upload of a client and proves it. Throws Declined with the missing slices while there are any. */
export async function finishClientUpload(
  { caller, path }: IdInput,
  services: ApiServices,
  time: StepTime,
): Promise<Receipt> {
  const transfer = await loadFor(caller, path.id, 'act', services);
  if (transfer.state === 'stored') {
    await keepReceipt(transfer, services, time); // it may be what an earlier try failed at
    return transfer.receipt;
  }
  if (transfer.source.kind !== 'client') throw notClientDriven();
  const sending = mustBeSending(transfer);
  await nothingMissing(sending, services, time);
  return proof(await close(sending, services, time));
}

async function nothingMissing(transfer: Sending, services: Services, time: StepTime): Promise<void> {
  const held = await heldInCos(transfer, services, time);
  if (held === 'lost') throw new SessionLost('COS does not list the session of this transfer');
  const { missing } = plan(transfer, held);
  if (missing.length > 0) throw gap(missing);
}

async function close(transfer: Sending, services: Services, time: StepTime): Promise<Transfer> {
  const input = { transferId: transfer.id, reopens: 0, gaps: 0, windowsUsed: 0, how: 'sent' } as const;
  try {
    const finished = await finishUpload(input, services, time);
    if (finished.kind === 'gap') {
      await nothingMissing(transfer, services, time);
      throw gap([]); // COS refuses, yet lists nothing as missing: its list lags
    }
  } catch (error) {
    if (error instanceof NotIdentical) {
      const { name, message, wayOut, requestId } = error;
      await end(services, transfer.id, 'failed', { error: name, message, wayOut, requestId });
    }
    throw error;
  }
  return load(services, transfer.id);
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
