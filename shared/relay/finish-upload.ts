import * as z from 'zod';
import { targetName } from '../cos/target.ts';
import { NotIdentical, SessionLost, TargetBusy } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import { recordedIn, type Target } from '../records/target-record.ts';
import { isActive, type Opening, type Sending, sessionSha, type Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { whileHolding } from '../target/hold-target.ts';
import { isStoredBy } from '../target/recognise.ts';
import { restarted } from '../target/upload-transitions.ts';
import { type EndedOutcome, ended } from '../transfer/end-transfer.ts';
import { judgeClosed, mustBeSound, sendAgain } from './closed-upload.ts';
import { keepReceipt, proveAndStore } from './prove.ts';

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
  services: Services,
  time: StepTime,
): Promise<FinishOutcome> {
  const { transferId, reopens } = input;
  const loaded = await load(services, transferId);
  if (loaded.state !== 'opening' && loaded.state !== 'sending') {
    await keepReceipt(loaded, services, time); // it may be what an earlier try failed at
    return ended(loaded);
  }
  const target = await services.store.getTarget(targetName(loaded.target));
  if (target?.owner.transferId !== transferId) throw new SessionLost('another transfer owns the target');
  const transfer = withSha(loaded, input.sha1);

  const holder = { id: transferId, target: loaded.target, as: 'proof', known: target } as const;
  const finished = await whileHolding(services, holder, time, async (held, own) => {
    const now = await load(services, transferId); // it may have been cancelled a moment ago
    if (!isActive(now)) return { kind: 'over', transfer: now } as const;
    return closeAndProve({ transfer, target: held }, input.how, services, own);
  });
  if (!finished.held) return notHeld(transferId, finished.why, services);
  const done = finished.value;
  switch (done.kind) {
    case 'gap':
      return { transferId, reopens, gaps: input.gaps + 1, windowsUsed: input.windowsUsed, kind: 'gap' };
    case 'wrong-sha':
      await abandonSession(services, transfer, done.session, time);
      throw new SessionLost('the whole file has another SHA-1 than its source: it is sent again', {
        cause: done.error,
      });
    case 'over':
      return done.transfer.state === 'stored' ? { transferId, kind: 'stored' } : ended(done.transfer);
  }
}

/** Throws TargetBusy while another call of this transfer deletes, and SessionLost if the target must be claimed again. */
async function notHeld(transferId: string, why: 'lost' | 'busy', services: Services): Promise<EndedOutcome> {
  const now = await load(services, transferId);
  if (!isActive(now)) return ended(now);
  if (why === 'lost') throw new SessionLost('another transfer took the target');
  throw new TargetBusy(`an unfinished upload of ${now.target.path} is being deleted`, { bySelf: true });
}

type Running = Opening | Sending;
type Closed = Gap | WrongSha | { readonly kind: 'closed'; readonly requestId?: string };
type Gap = { readonly kind: 'gap' };
/** Of the whole, for the first time: all slices go again in another session than this one. */
type WrongSha = { readonly kind: 'wrong-sha'; readonly session: string; readonly error: Error };

/** To be called while nobody else writes to the target, and nobody deletes what is there. */
async function closeAndProve(
  finishing: Finishing,
  how: FinishInput['how'],
  services: Services,
  time: StepTime,
): Promise<Gap | WrongSha | { readonly kind: 'over'; readonly transfer: Transfer }> {
  const closed: Closed = how === 'sent' ? await close(finishing, services, time) : { kind: 'closed' };
  if (closed.kind !== 'closed') return closed;
  const transfer = await proveAndStore(finishing, { how, finishId: closed.requestId }, services, time);
  return { kind: 'over', transfer };
}

const withSha = (transfer: Running, sha1: string | undefined): Running =>
  sha1 === undefined ? transfer : { ...transfer, source: { ...transfer.source, sha1 } };

/** The target as it was when finishing began. */
type Finishing = { readonly transfer: Running; readonly target: Target };

async function close(finishing: Finishing, services: Services, time: StepTime): Promise<Closed> {
  const { transfer, target } = finishing;
  const { upload } = target;
  const session = upload?.transferId === transfer.id ? recordedIn(upload)?.session : undefined;
  if (isStoredBy(target, transfer.id)) return { kind: 'closed' }; // proven before
  if (session === undefined) throw new SessionLost('no session is recorded for this transfer');
  const request = { session, size: transfer.source.size, ...sessionSha(transfer) };
  const finished = await services.cos.finish(transfer.target, request, time.signal);
  switch (finished.kind) {
    case 'stored':
      if (transfer.state === 'sending') await mustBeSound(transfer, services);
      return { kind: 'closed', requestId: finished.requestId };
    case 'gap':
      return { kind: 'gap' };
    case 'wrong-sha':
      // the bytes of some slice are wrong and nobody knows which: all of them go again, once
      if (upload?.restarted) throw stillWrong(transfer, finished.error);
      await changeTarget(services, target.name, restarted(transfer.id));
      return { kind: 'wrong-sha', session, error: finished.error };
    case 'refused':
      return closedBefore(finishing, finished.error, services, time);
  }
}

const stillWrong = ({ target, source }: Running, cause: Error) =>
  new NotIdentical(
    `${target.bucket}/${target.path} was sent twice, and COS says both times that its SHA-1 is not ${source.sha1}`,
    { cause },
  );

/**
 * Finish was refused: an earlier try may have closed the file without its answer reaching us, or COS closed it by
 * itself.
 */
async function closedBefore(
  { transfer, target }: Finishing,
  refusal: Error,
  services: Services,
  time: StepTime,
): Promise<Closed> {
  const listed = await services.cos.list(transfer.target, time.signal);
  if (listed.kind === 'unfinished' && listed.session === recordedIn(target.upload)?.session) throw refusal;
  const file = await services.cos.stat(transfer.target, time.signal);
  const closed =
    listed.kind === 'finished'
      ? await judgeClosed(transfer, { file, target, isLost: false }, services)
      : 'not-ours';
  if (closed === 'ours') return { kind: 'closed' };
  if (closed === 'unsound') return sendAgain(transfer, services);
  throw new SessionLost('COS no longer knows the session, and the file is not there', { cause: refusal });
}
