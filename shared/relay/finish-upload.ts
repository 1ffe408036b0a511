import * as z from 'zod';
import type { CosFile } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { NotIdentical, SessionLost } from '../errors.ts';
import { sourceName, type TargetRecord } from '../session/target-record.ts';
import { type Opening, type Receipt, type Sending, type Transfer, toStored } from '../session/transfer.ts';
import { factsOf } from './existing.ts';
import { copyMetadata } from './metadata.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { writeReceipt } from './receipt.ts';
import { change, type EndedOutcome, ended, load } from './step.ts';
import { abandonSession, changeTarget } from './target.ts';

export const finishInput = z.object({
  transferId: z.string(),
  reopens: z.number().int(),
  gaps: z.number().int().default(0),
  windowsUsed: z.number().int().default(0),
  how: z.enum(['sent', 'direct', 'instant', 'skipped']).default('sent'),
  /** The source's SHA-1, when a step before had all its bytes in hand. */
  sha1: z.string().optional(),
});
export type FinishInput = z.infer<typeof finishInput>;

export type FinishOutcome =
  | EndedOutcome
  | { readonly transferId: string; readonly kind: 'stored' }
  | (Pick<FinishInput, 'transferId' | 'reopens' | 'gaps' | 'windowsUsed'> & { readonly kind: 'gap' });

/** Closes the upload and proves it: only what stat then says equals the source is stored. */
export async function finishUpload(
  input: FinishInput,
  parts: RelayParts,
  time: StepTime,
): Promise<FinishOutcome> {
  const { transferId, reopens } = input;
  const loaded = await load(parts, transferId);
  if (loaded.state !== 'opening' && loaded.state !== 'sending') return ended(loaded);
  const record = await parts.store.getTarget(targetName(loaded.target));
  if (record?.owner.transferId !== transferId) throw new SessionLost('another transfer owns the target');
  const transfer = withSha(loaded, input.sha1);

  let finishId: string | undefined;
  if (input.how === 'sent') {
    const closed = await close(transfer, record, parts, time);
    if (closed.kind === 'gap')
      return { transferId, reopens, gaps: input.gaps + 1, windowsUsed: input.windowsUsed, kind: 'gap' };
    finishId = closed.requestId;
  }
  const file = await proven(transfer, parts, time);
  const metadata = input.how === 'skipped' ? undefined : await copyMetadata(transfer, parts, time);
  const receipt = await writeReceipt(transfer, { how: input.how, file, finishId, metadata }, parts);
  return store(transfer, receipt, parts);
}

type Running = Opening | Sending;
type Closed = { readonly kind: 'gap' } | { readonly kind: 'closed'; readonly requestId?: string };

const withSha = (transfer: Running, sha1: string | undefined): Running =>
  sha1 === undefined ? transfer : { ...transfer, source: { ...transfer.source, sha1 } };

async function close(
  transfer: Running,
  record: TargetRecord,
  parts: RelayParts,
  time: StepTime,
): Promise<Closed> {
  const session = record.upload?.transferId === transfer.id ? record.upload.session : undefined;
  if (session === undefined) throw new SessionLost('no session is recorded for this transfer');
  const { size, sha1 } = transfer.source;
  const whole = transfer.options.integrity === 'sha1' && sha1 !== undefined ? { sha1 } : {};
  const finished = await parts.cos.finish(transfer.target, { session, size, ...whole }, time.signal);
  switch (finished.kind) {
    case 'stored':
      return { kind: 'closed', requestId: finished.requestId };
    case 'gap':
      return { kind: 'gap' };
    case 'wrong-sha':
      // the bytes of some slice are wrong and nobody knows which: all of them go again
      await abandonSession(parts, transfer, session, time);
      throw new SessionLost('the whole file has another SHA-1 than its source: it is sent again', {
        cause: finished.error,
      });
    case 'refused':
      return closedBefore(transfer, record, session, finished.error, parts, time);
  }
}

/**
 * Finish was refused: an earlier try may have closed the file without its answer reaching us, or COS closed it by
 * itself. It did if no session is open any more and the file there is not the one that was there before.
 */
async function closedBefore(
  transfer: Running,
  record: TargetRecord,
  session: string,
  error: Error,
  parts: RelayParts,
  time: StepTime,
): Promise<Closed> {
  const listed = await parts.cos.list(transfer.target, time.signal);
  if (listed.kind === 'unfinished' && listed.session === session) throw error;
  const file = await parts.cos.stat(transfer.target, time.signal);
  const whole = file.kind === 'file' && file.size === transfer.source.size && file.received === file.size;
  if (listed.kind === 'finished' && whole && isNew(file, record)) return { kind: 'closed' };
  throw new SessionLost('COS no longer knows the session, and the file is not there', { cause: error });
}

export function isNew(file: CosFile, { upload }: TargetRecord): boolean {
  if (!upload?.replaces) return true;
  const now = factsOf(file);
  const { sha1, createdAt, modifiedAt } = upload.replaces;
  return now.sha1 !== sha1 || now.createdAt !== createdAt || now.modifiedAt !== modifiedAt;
}

/** The file as COS states it, equal to the source in size, and in SHA-1 where both are known. Throws NotIdentical. */
async function proven(transfer: Running, parts: RelayParts, time: StepTime): Promise<CosFile> {
  const file = await parts.cos.stat(transfer.target, time.signal);
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
async function store(transfer: Running, receipt: Receipt, parts: RelayParts): Promise<FinishOutcome> {
  const now = parts.clock();
  const { source } = transfer;
  await changeTarget(parts, transfer, ({ upload: _, ...from }) => {
    const { leaseUntil: __, ...owner } = from.owner;
    const etag = source.kind === 's3' ? { etag: source.etag } : {};
    const stored = { transferId: transfer.id, sourceName: sourceName(source), size: source.size, ...etag };
    return { ...from, owner: { ...owner, active: false }, stored };
  });
  const stored: Transfer = await change(parts, transfer.id, (from) => toStored(from, receipt, now));
  if (stored.state !== 'stored') return ended(stored);
  parts.observe({
    kind: 'stored',
    transferId: transfer.id,
    bytes: source.size,
    tookMs: now - transfer.createdAt,
    how: receipt.how,
  });
  parts.log.info('stored', {
    transferId: transfer.id,
    bytes: source.size,
    how: receipt.how,
    requestId: receipt.requestIds.stat,
  });
  return { transferId: transfer.id, kind: 'stored' };
}
