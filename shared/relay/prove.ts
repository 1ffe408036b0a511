import type { CosFile } from '../cos/client.ts';
import { NotIdentical, ReceiptNotWritten, SessionLost } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import type { Receipt } from '../records/receipt.ts';
import { sourceName, type Target } from '../records/target-record.ts';
import { type Opening, type Sending, type Transfer, toStored } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { changeTarget } from '../target/change-target.ts';
import { evidenceOf } from '../target/recognise.ts';
import { settled } from '../target/transitions.ts';
import { end } from '../transfer/end-transfer.ts';
import { copyMetadata } from './copy-metadata.ts';
import { writeReceipt } from './write-receipt.ts';

type Running = Opening | Sending;

/** The target as this transfer claimed it. */
export type Claimed = { readonly transfer: Running; readonly target: Target };

export type Closed = {
  readonly how: Receipt['how'];
  /** Of the request that closed the file. */
  readonly finishId?: string | undefined;
};

/**
 * Only what stat then says equals the source is stored; with the receipt as proof. To be called while nobody else may
 * write to the target. Throws NotIdentical, and ReceiptNotWritten when all is stored but the receipt's copy.
 */
export async function proveAndStore(
  { transfer, target }: Claimed,
  { how, finishId }: Closed,
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  const file = await proven(transfer, services, time);
  const known = how === 'skipped' ? evidenceOf(file, transfer, target) : undefined;
  if (how === 'skipped' && known === undefined)
    throw new SessionLost('the file that was to be left is another one by now');
  const metadata = how === 'skipped' ? undefined : await copyMetadata(transfer, file, services, time);
  const receipt = await writeReceipt(transfer, { how, file, finishId, metadata, known }, services);
  return store({ transfer, target }, { receipt, file }, services, time);
}

/** Puts the receipt of a stored transfer into the receipts bucket, if there is one; the same object however often. */
export async function keepReceipt(transfer: Transfer, services: Services, time: StepTime): Promise<void> {
  if (transfer.state !== 'stored' || !services.receipts) return;
  try {
    await services.receipts.put(transfer.receipt, time.signal);
  } catch (cause) {
    throw new ReceiptNotWritten(`transfer ${transfer.id} is stored, but its receipt was not written`, {
      cause,
    });
  }
}

/** The file as COS states it, equal to the source in size, and in SHA-1 where both are known. Throws NotIdentical. */
async function proven(transfer: Running, services: Services, time: StepTime): Promise<CosFile> {
  const file = await services.cos.stat(transfer.target, time.signal);
  const name = `${transfer.target.bucket}/${transfer.target.path}`;
  if (file.kind === 'none') throw new NotIdentical(`${name} is not there after it was finished`);
  const { size, sha1 } = transfer.source;
  const trace = { requestId: file.requestId };
  if (file.size !== size || file.received !== size) {
    throw new NotIdentical(`${name} has ${file.received} of ${file.size} bytes, its source ${size}`, trace);
  }
  if (file.sha1 !== undefined && sha1 !== undefined && file.sha1 !== sha1) {
    throw new NotIdentical(`${name} has SHA-1 ${file.sha1}, its source ${sha1}`, trace);
  }
  return file;
}

/** Writes the proof; the first of two executions wins, the other finds it done. */
async function store(
  { transfer, target }: Claimed,
  { receipt, file: there }: { readonly receipt: Receipt; readonly file: CosFile },
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  const now = services.clock();
  const { id, source } = transfer;
  const proof = {
    attempt: transfer.attempts,
    closed: transfer.state === 'sending' ? transfer.session : undefined,
    stored: storedFile(transfer, receipt, there),
    ...(source.kind === 's3' && { lastModified: source.lastModified }),
  };
  const written = await changeTarget(services, target.name, settled(proof), {
    known: target,
    signal: time.signal,
  });
  if (!written.done) return lost(transfer, services);
  const stored = await change(
    services,
    id,
    (from) => toStored({ ...from, attempts: transfer.attempts }, receipt),
    { known: transfer, signal: time.signal },
  );
  if (stored.state !== 'stored') return stored;
  services.observe({
    kind: 'stored',
    transferId: id,
    bytes: source.size,
    tookMs: now - transfer.createdAt,
    how: receipt.how,
    requestId: receipt.requestIds.stat,
  });
  await keepReceipt(stored, services, time);
  return stored;
}

/** What the target remembers of the file, to know it again. */
function storedFile({ id, source }: Running, { metadata }: Receipt, { createdAt, modifiedAt }: CosFile) {
  // setting headers is a modification too, and nobody asks when it was
  const isUntouched = metadata === undefined && modifiedAt !== undefined;
  return {
    transferId: id,
    sourceName: sourceName(source),
    size: source.size,
    ...(source.kind === 's3' && { etag: source.etag }),
    ...(createdAt !== undefined && { createdAt }),
    ...(isUntouched && { modifiedAt }),
  };
}

/** The hold ran out and another took the target: what is there now is not ours to vouch for. */
async function lost(transfer: Running, services: Services): Promise<Transfer> {
  const message = 'another transfer took the target before this one was proven';
  await end(services, transfer, 'superseded', { error: 'Superseded', message });
  return load(services, transfer.id);
}
