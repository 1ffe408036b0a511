import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Listed } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { NoProgress, SessionLost } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import { type Sending, type Transfer, toListed } from '../records/transfer.ts';
import { pause } from '../retry.ts';
import type { Services, StepTime } from '../services.ts';
import { mergeRanges, missingSlices, planSlices, type Slice, totalBytes } from '../slices/slices.ts';
import { planWindows, type Window } from '../slices/windows.ts';
import { type EndedOutcome, ended } from '../transfer/end-transfer.ts';
import { acceptSession } from './accept-session.ts';
import { judgeClosed, sendAgain } from './closed-upload.ts';
import { heldSlices } from './held-slices.ts';

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

/** COS's list may lag behind what was sent: after so long, in ms, it is asked again before the loop is given up. */
const LAG_MS = 1_000;

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
    if (transfer.state === 'sending') await mustNotBeUnsound(transfer, services, time);
    return { ...passed, kind: 'complete' };
  }

  const sending = await acceptSession(transfer, listed, services, time);
  if (sending === 'moved') return listSlices(input, services, time);
  if (sending === 'reopen') return { ...passed, kind: 'reopen' };
  if (sending === 'proven') return { ...passed, kind: 'complete' };
  if (sending.state !== 'sending') return ended(sending);
  const outcome = await planOrLook(input, { sending, listed }, services, time);
  return outcome === 'moved' ? listSlices(input, services, time) : outcome;
}

type Seen = { readonly sending: Sending; readonly listed: Unfinished };

/** The plan; where nothing moved COS is asked once more. Throws NoProgress. */
async function planOrLook(
  input: ListInput,
  { sending, listed }: Seen,
  services: Services,
  { signal }: StepTime,
): Promise<ListOutcome | 'moved'> {
  const outcome = await plan(input, sending, listed, services);
  if (outcome !== 'stalled') return outcome;
  await pause(LAG_MS, signal);
  const again = await services.cos.list(sending.target, signal);
  if (again.kind !== 'unfinished' || again.session !== listed.session) return 'moved';
  const last = await plan(input, sending, again, services);
  if (last === 'stalled') throw new NoProgress('as many slices were missing after sending them as before'); // the loop must shrink
  return last;
}

/** COS closed the file by itself, or a finish did. Throws SessionLost for one that must be replaced. */
async function mustNotBeUnsound(
  transfer: Sending,
  services: Pick<Services, 'cos' | 'store'>,
  { signal }: StepTime,
): Promise<void> {
  const target = await services.store.getTarget(targetName(transfer.target));
  if (target?.owner.transferId !== transfer.id) return; // FinishUpload tells
  const file = await services.cos.stat(transfer.target, signal);
  const closed = await judgeClosed(transfer, { file, target, isLost: false }, services);
  if (closed === 'unsound') await sendAgain(transfer, services);
}

/** What is missing, in windows; `moved` when another execution recorded another session meanwhile. */
async function plan(
  input: ListInput,
  transfer: Sending,
  listed: Unfinished,
  services: Services,
): Promise<ListOutcome | 'stalled' | 'moved'> {
  const { transferId, reopens, gaps, round } = input;
  const first = round === 0 && gaps === 0;
  const { size } = transfer.source;
  const all = planSlices(size, transfer.sliceSize);
  const strict = gaps > 0 && round === 0; // a round later the list may still lag behind what was sent again
  const windows = await services.store.windows(transferId);
  const held = heldSlices(all, transfer, { listed, windows, strict });
  const missing = missingSlices(all, held);
  const missingBytes = totalBytes(missing);

  const facts = {
    heldBytes: size - missingBytes,
    ...(first && { alreadyHeld: all.length - missing.length }),
  };
  const now = await change(services, transferId, (from) =>
    isOf(transfer, from) ? toListed(from, facts, services.clock()) : undefined,
  );
  // begun again meanwhile: what was listed is of the execution before, and this one opens its own
  if (now.state === 'opening')
    return { transferId, reopens, gaps, windowsUsed: input.windowsUsed, kind: 'reopen' };
  if (now.state !== 'sending') return ended(now);
  if (!isOf(transfer, now)) return 'moved';
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
  return handOut(input, transfer, missing, services);
}

/** What a list says is of one session: another execution may have gone on with the next one. */
const isOf = ({ session }: Sending, now: Transfer): now is Sending =>
  now.state === 'sending' && now.session === session;

/** The windows of what is missing; `stalled` if it is as much as before it was sent. */
function handOut(
  input: ListInput,
  { session, sliceSize, serial }: Sending,
  missing: readonly Slice[],
  services: Services,
): ListOutcome | 'stalled' {
  const { transferId, reopens, gaps, round } = input;
  const now = { bytes: totalBytes(missing), session: shortName(session) };
  const before = input.missing?.session === now.session ? input.missing : undefined;
  if (before && now.bytes >= before.bytes) return 'stalled';
  const planned = planWindows(missing, sliceSize, limits(input, services));
  return {
    transferId,
    reopens,
    kind: 'missing',
    round: round + 1,
    missing: now,
    gaps,
    windowsUsed: input.windowsUsed + planned.length,
    maxConcurrency: serial ? 1 : services.settings.maxConcurrency,
    windows: planned,
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
