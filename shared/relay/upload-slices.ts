import * as z from 'zod';
import { SessionLost } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import type { S3Origin } from '../records/source-version.ts';
import type { Sending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { missingSlices, type Slice } from '../slices/slices.ts';
import { slicesOf } from '../slices/windows.ts';
import { type EndedOutcome, ended } from '../transfer/end-transfer.ts';
import { openBuffers } from '../worker/buffers.ts';
import { readSlices } from '../worker/read-slices.ts';
import { type Sender, sendSlice } from '../worker/send-slice.ts';
import { keepTally, newTally } from '../worker/tally.ts';
import { heldSlices } from './held-slices.ts';
import { shortName } from './list-slices.ts';

export const uploadInput = z.object({
  transferId: z.string(),
  window: z.object({
    offset: z.number().int().nonnegative(),
    length: z.number().int().positive(),
    missing: z.string().optional(),
  }),
  /** The session the window was planned for, by its short name. */
  session: z.string().optional(),
  /** How many calls for this window failed before this one. */
  retries: z.number().int().default(0),
});
export type UploadInput = z.infer<typeof uploadInput>;

/** `left`: slices not sent because the time was up. */
export type UploadOutcome =
  | EndedOutcome
  | { readonly kind: 'sent'; readonly sent: number; readonly left: number };

/** Slices read and waiting for a place in flight, at most. */
const READ_AHEAD = 8;

/** The worker: carries one window, several slices in flight, and writes down once what COS confirmed. */
export async function uploadSlices(
  input: UploadInput,
  services: Services,
  time: StepTime,
): Promise<UploadOutcome> {
  const transfer = await load(services, input.transferId);
  if (transfer.state !== 'sending') return ended(transfer);
  if (transfer.source.kind !== 's3') throw new TypeError('a client sends its slices itself');
  const { offset, length, missing } = input.window;
  const window = { offset, length, ...(missing !== undefined && { missing }) };
  const planned = slicesOf(window, transfer.source.size, transfer.sliceSize);
  // reopened by another execution meanwhile: the new session misses other slices, so list again
  const stale = input.session !== undefined && input.session !== shortName(transfer.session);
  if (stale) return { kind: 'sent', sent: 0, left: planned.length };
  const slices = input.retries > 0 ? await stillMissing(transfer, planned, services, time) : planned;

  const tally = newTally();
  const work = new AbortController(); // fires on the first failure, and when the transfer is no longer running
  const kept = keepTally(transfer, tally, services, { offset, length });
  const watch = setInterval(() => void lookAgain(), services.settings.watchMs);
  const lookAgain = async () => {
    const now = await load(services, transfer.id).catch(() => transfer); // a failed look is not a verdict
    if (now.state !== 'sending' || now.session !== transfer.session)
      work.abort(new SessionLost('the transfer moved on'));
  };
  try {
    await send({ transfer, tally, source: transfer.source, work }, slices, services, time);
  } catch (error) {
    const now = await load(services, transfer.id);
    if (now.state !== 'sending') return ended(now);
    // time that ran out is no failure, unless it was not enough for anything
    const isOver = time.signal.aborted && tally.confirmed.length > 0;
    if (now.session === transfer.session && !isOver) throw error;
    return { kind: 'sent', sent: tally.confirmed.length, left: slices.length - tally.confirmed.length }; // reopened by another execution: list again
  } finally {
    clearInterval(watch);
    await kept.end();
  }
  return { kind: 'sent', sent: tally.confirmed.length, left: slices.length - tally.confirmed.length };
}

/** What a call that broke off has left of its window; nothing if the session is gone: ListSlices decides then. */
async function stillMissing(
  transfer: Sending,
  slices: readonly Slice[],
  services: Services,
  time: StepTime,
): Promise<readonly Slice[]> {
  const listed = await services.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== transfer.session) return [];
  const windows = await services.store.windows(transfer.id);
  return missingSlices(slices, heldSlices(slices, transfer, { listed, windows, strict: false }));
}

/** The work of one call; `work` fires on its first failure. */
type Work = Sender & { readonly source: S3Origin; readonly work: AbortController };

async function send(
  { work, source, ...sender }: Work,
  slices: readonly Slice[],
  services: Services,
  time: StepTime,
): Promise<void> {
  const { transfer } = sender;
  const stop = AbortSignal.any([time.stop, work.signal]);
  // one for each slice in flight, and as many again to read into meanwhile, but no more than a few
  const most = () => services.pace.limit + Math.min(services.pace.limit, READ_AHEAD);
  const buffers = openBuffers(transfer.serial ? () => 2 : most, transfer.sliceSize);
  const order = {
    object: source,
    source: services.source,
    buffers,
    readBytes: services.settings.readBytes,
    readers: transfer.serial ? 1 : services.settings.readers,
  };
  const sending = new Set<Promise<void>>();

  const take = async (slice: Slice, content: Uint8Array) => {
    const one = sendSlice(sender, { slice, content }, services, { stop, signal: time.signal })
      .catch((error: unknown) => work.abort(error))
      .finally(() => {
        buffers.give(content);
        sending.delete(one);
      });
    sending.add(one);
    if (transfer.serial) await one; // serial_upload: the next slice only after this one
  };
  try {
    await readSlices(slices, order, stop, take);
  } catch (error) {
    if (!stop.aborted) work.abort(error);
  }
  await Promise.all(sending);
  if (work.signal.aborted) throw work.signal.reason;
}
