import * as z from 'zod';
import { targetName } from '../cos/target.ts';
import { NotIdentical, SessionLost } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import { recordedIn, type Target } from '../records/target-record.ts';
import { type Opening, type Sending, sessionSha } from '../records/transfer.ts';
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

  let finishId: string | undefined;
  if (input.how === 'sent') {
    const closed = await close({ transfer, target }, services, time);
    if (closed.kind === 'gap')
      return { transferId, reopens, gaps: input.gaps + 1, windowsUsed: input.windowsUsed, kind: 'gap' };
    finishId = closed.requestId;
  }
  const proved = await whileHolding(services, transfer, time, (held, own) =>
    proveAndStore({ transfer, target: held }, { how: input.how, finishId }, services, own),
  );
  const now = proved.held ? proved.value : await load(services, transferId);
  return now.state === 'stored' ? { transferId, kind: 'stored' } : ended(now);
}

type Running = Opening | Sending;
type Closed = { readonly kind: 'gap' } | { readonly kind: 'closed'; readonly requestId?: string };

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
      await abandonSession(services, transfer, session, time);
      throw new SessionLost('the whole file has another SHA-1 than its source: it is sent again', {
        cause: finished.error,
      });
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
