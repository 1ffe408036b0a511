import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Listed } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { ForeignUpload, NoProgress, SessionLost } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import type { Target } from '../records/target-record.ts';
import { type Sending, sessionSha, type Transfer, toListed, toSending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { mergeRanges, missingSlices, planSlices, type Slice, totalBytes } from '../slices/slices.ts';
import { planWindows, type Window } from '../slices/windows.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { whoseUpload } from '../target/recognise.ts';
import { recordedIn, sessionAdopted, spoiled } from '../target/transitions.ts';
import { type EndedOutcome, ended } from '../transfer/end-transfer.ts';
import { heldSlices, unconfirmed } from './held-slices.ts';

export const listInput = z.object({
  transferId: z.string(),
  reopens: z.number().int(),
  /** How often this execution listed, and what was missing last, in bytes, in which session: it must shrink. */
  round: z.number().int().default(0),
  missing: z.object({ bytes: z.number(), session: z.string() }).optional(),
  /** How often COS refused to finish for a gap. From then on its list is believed over our own notes. */
  gaps: z.number().int().default(0),
  /** Windows handed out so far: together they must stay within the history of one execution. */
  windowsUsed: z.number().int().default(0),
});
export type ListInput = z.infer<typeof listInput>;

export type ListOutcome =
  | EndedOutcome
  | (Passed & { readonly kind: 'reopen' | 'complete' })
  | (Required<ListInput> & {
      readonly kind: 'missing';
      readonly maxConcurrency: number;
      readonly windows: readonly Window[];
    });

type Passed = Pick<ListInput, 'transferId' | 'reopens' | 'gaps' | 'windowsUsed'>;

/** COS refuses to finish at most so often. */
const MAX_GAPS = 3;
/** About seven history events a window, of 25,000. */
const WINDOWS_PER_EXECUTION = 3_000;

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

/** Asks COS what it holds, decides whether that is ours, and plans what is missing. */
export async function listSlices(input: ListInput, services: Services, time: StepTime): Promise<ListOutcome> {
  const { transferId, reopens, gaps, windowsUsed } = input;
  const passed = { transferId, reopens, gaps, windowsUsed };
  const transfer = await load(services, transferId);
  if (transfer.state !== 'opening' && transfer.state !== 'sending') return ended(transfer);
  if (gaps > MAX_GAPS)
    throw new NoProgress(`COS refused ${MAX_GAPS} times to finish, yet lists no missing slice`);

  const listed = await services.cos.list(transfer.target, time.signal);
  // no open session: it is lost, or the file was closed without us; FinishUpload can tell the one from the other
  if (listed.kind === 'none') throw new SessionLost('COS knows no upload of this path');
  if (listed.kind === 'finished') {
    if (transfer.state === 'sending') await mustBeConfirmed(transfer, services);
    return { ...passed, kind: 'complete' };
  }

  const sending = await accept(transfer, listed, services, time);
  if (sending === 'moved') return listSlices(input, services, time);
  if (sending === 'reopen') return { ...passed, kind: 'reopen' };
  if (sending.state !== 'sending') return ended(sending);
  return plan(input, sending, listed, services);
}

/**
 * COS closed the file by itself, or a finish did. Under `verified` it counts only if every slice was confirmed, and
 * never if COS closed it with a damaged one. Throws SessionLost, and has the file replaced.
 */
async function mustBeConfirmed(transfer: Sending, services: Services): Promise<void> {
  const record = await services.store.getTarget(targetName(transfer.target));
  if (recordedIn(record?.upload)?.state === 'spoiled')
    throw new SessionLost('COS closed the file with a damaged slice');
  if (transfer.options.trustListed === 'listed' || sessionSha(transfer).sha1 !== undefined) return;
  if ((await unconfirmed(transfer, services)).length === 0) return;
  await changeTarget(services, targetName(transfer.target), spoiled(transfer.id));
  throw new SessionLost('COS closed the file before all of its slices were confirmed');
}

/** The transfer with this session; `reopen` when the upload was not ours and is deleted, `moved` when it is gone already. */
async function accept(
  transfer: Transfer,
  listed: Unfinished,
  services: Services,
  time: StepTime,
): Promise<Transfer | 'reopen' | 'moved'> {
  const record = await services.store.getTarget(targetName(transfer.target));
  if (record?.owner.transferId !== transfer.id) return load(services, transfer.id);
  const whose = whoseUpload(listed, transfer, record);
  if (whose === 'ours') return adopt(transfer, listed, record.upload, services);

  // another execution may have opened anew between the list and the record: its old session is nobody's any more
  if (whose === 'foreign' && !(await isOpen(listed.session, transfer, services, time))) return 'moved';
  if (whose === 'foreign' && transfer.options.onForeignUpload === 'fail') {
    throw new ForeignUpload(
      `${transfer.target.bucket}/${transfer.target.path} has an unfinished upload that is not ours`,
    );
  }
  services.log.warn('an unfinished upload is not of this version: deleted', {
    transferId: transfer.id,
    whose,
  });
  const removed = await abandonSession(services, transfer, listed.session, time);
  const owner = removed ? record : await services.store.getTarget(targetName(transfer.target));
  return owner?.owner.transferId === transfer.id ? 'reopen' : load(services, transfer.id);
}

async function isOpen(
  session: string,
  { target }: Transfer,
  { cos }: Services,
  time: StepTime,
): Promise<boolean> {
  const now = await cos.list(target, time.signal);
  return now.kind === 'unfinished' && now.session === session;
}

/** Goes on with a session that is ours but perhaps not yet written down. */
async function adopt(
  transfer: Transfer,
  listed: Unfinished,
  upload: Target['upload'],
  services: Services,
): Promise<Transfer> {
  if (transfer.state === 'sending' && transfer.session === listed.session) return transfer;
  const { session, sliceSize } = listed;
  const known = recordedIn(upload);
  // whether slices must go one at a time is said at init only: if nobody wrote it down, one at a time is always right
  const serial = known?.session === session ? (known.serial ?? true) : true;
  const { size } = transfer.source;
  const adopted = { transferId: transfer.id, session, size, serial, at: services.clock() };
  await changeTarget(services, targetName(transfer.target), sessionAdopted(adopted));
  const facts = { session, sliceSize, serial, withSha: listed.sha1 !== undefined };
  return change(services, transfer.id, (from) => toSending(from, facts, services.clock()));
}

async function plan(
  input: ListInput,
  transfer: Sending,
  listed: Unfinished,
  services: Services,
): Promise<ListOutcome> {
  const { transferId, reopens, gaps, round } = input;
  const first = round === 0 && gaps === 0;
  const { size } = transfer.source;
  const all = planSlices(size, transfer.sliceSize);
  const strict = gaps > 0 && round === 0; // a round later the list may still lag behind what was sent again
  const held = heldSlices(all, listed, transfer, await services.store.windows(transferId), strict);
  const missing = missingSlices(all, held);
  const missingBytes = totalBytes(missing);

  const facts = {
    heldBytes: size - missingBytes,
    ...(first && { alreadyHeld: all.length - missing.length }),
  };
  const now = await change(services, transferId, (from) =>
    from.state === 'sending' ? toListed(from, facts, services.clock()) : undefined,
  );
  // begun again meanwhile: what was listed is of the execution before, and this one opens its own
  if (now.state === 'opening')
    return { transferId, reopens, gaps, windowsUsed: input.windowsUsed, kind: 'reopen' };
  if (now.state !== 'sending') return ended(now);
  if (first) await noteHeld(now, held, services);
  services.observe({
    kind: 'listed',
    transferId,
    size,
    heldBytes: facts.heldBytes,
    held: all.length - missing.length,
    missing: missing.length,
    first,
  });

  if (missing.length === 0)
    return { transferId, reopens, gaps, windowsUsed: input.windowsUsed, kind: 'complete' };
  const before = input.missing?.session === shortName(transfer.session) ? input.missing : undefined;
  if (before && missingBytes >= before.bytes) {
    throw new NoProgress(`${missing.length} slices were missing before and after sending them`); // the loop must shrink
  }
  const windows = planWindows(missing, transfer.sliceSize, limits(input, services));
  return {
    transferId,
    reopens,
    kind: 'missing',
    round: round + 1,
    missing: { bytes: missingBytes, session: shortName(transfer.session) },
    gaps,
    windowsUsed: input.windowsUsed + windows.length,
    maxConcurrency: transfer.serial ? 1 : services.settings.maxConcurrency,
    windows,
  };
}

/** Enough to tell sessions apart; the session itself stays in the table. */
export const shortName = (session: string): string => hash('sha256', session).slice(0, 12);

/** So many ranges are written down; a list in more pieces than this says little to whoever watches. */
const RANGES_NOTED = 4_000;

/** Writes down what need not be sent, for whoever watches or replays the transfer. */
async function noteHeld(
  transfer: Sending,
  held: readonly Slice[],
  { store, clock }: Services,
): Promise<void> {
  const heldBefore = mergeRanges(held);
  if (heldBefore.length === 0 || heldBefore.length > RANGES_NOTED) return;
  const nothing = { confirmed: [], sentSlices: 0, resentSlices: 0, sentBytes: 0, md5Verified: 0 };
  const { session, attempts: attempt } = transfer;
  await store.addWindow(transfer.id, { ...nothing, session, attempt, heldBefore, at: clock() });
}

function limits(input: ListInput, { settings }: Services) {
  const left = Math.max(1, WINDOWS_PER_EXECUTION - input.windowsUsed);
  return {
    windowBytes: settings.windowBytes,
    maxWindows: Math.min(settings.maxWindows, left),
    spread: settings.maxConcurrency,
  };
}
