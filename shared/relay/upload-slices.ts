import { hash } from 'node:crypto';
import * as z from 'zod';
import { SessionLost, SliceCorrupt } from '../errors.ts';
import type { S3Origin } from '../session/origin.ts';
import { type Sending, sessionSha } from '../session/transfer.ts';
import { mergeRanges, missingSlices, type Slice } from '../slices/slices.ts';
import { slicesOf } from '../slices/windows.ts';
import { openBuffers } from './buffers.ts';
import { heldSlices, markDamaged } from './held-slices.ts';
import { shortName } from './list-slices.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { readSlices } from './read-slices.ts';
import { type EndedOutcome, ended, load } from './step.ts';

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
/** COS gets so many tries to receive a slice as it was sent. */
const MAX_CORRUPT = 4;

/** The worker: carries one window, several slices in flight, and writes down once what COS confirmed. */
export async function uploadSlices(
  input: UploadInput,
  parts: RelayParts,
  time: StepTime,
): Promise<UploadOutcome> {
  const transfer = await load(parts, input.transferId);
  if (transfer.state !== 'sending') return ended(transfer);
  if (transfer.source.kind !== 's3') throw new TypeError('a client sends its slices itself');
  const { offset, length, missing } = input.window;
  const window = { offset, length, ...(missing !== undefined && { missing }) };
  const planned = slicesOf(window, transfer.source.size, transfer.sliceSize);
  // reopened by another execution meanwhile: the new session misses other slices, so list again
  const stale = input.session !== undefined && input.session !== shortName(transfer.session);
  if (stale) return { kind: 'sent', sent: 0, left: planned.length };
  const slices = input.retries > 0 ? await stillMissing(transfer, planned, parts, time) : planned;

  const tally: Tally = { confirmed: [], sent: 0, resent: 0, bytes: 0, verified: 0 };
  const work = new AbortController(); // fires on the first failure, and when the transfer is no longer running
  const watch = setInterval(() => void lookAgain(), parts.settings.watchMs);
  const lookAgain = async () => {
    const now = await load(parts, transfer.id).catch(() => transfer); // a failed look is not a verdict
    if (now.state !== 'sending' || now.session !== transfer.session)
      work.abort(new SessionLost('the transfer moved on'));
  };
  try {
    await send(transfer, transfer.source, slices, tally, parts, time, work);
  } catch (error) {
    const now = await load(parts, transfer.id);
    if (now.state !== 'sending') return ended(now);
    // time that ran out is no failure, unless it was not enough for anything
    const isOver = time.signal.aborted && tally.confirmed.length > 0;
    if (now.session === transfer.session && !isOver) throw error;
    return { kind: 'sent', sent: tally.confirmed.length, left: slices.length - tally.confirmed.length }; // reopened by another execution: list again
  } finally {
    clearInterval(watch);
    await save(transfer, tally, parts);
  }
  return { kind: 'sent', sent: tally.confirmed.length, left: slices.length - tally.confirmed.length };
}

/** What a call that broke off has left of its window; nothing if the session is gone: ListSlices decides then. */
async function stillMissing(
  transfer: Sending,
  slices: readonly Slice[],
  parts: RelayParts,
  time: StepTime,
): Promise<readonly Slice[]> {
  const listed = await parts.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== transfer.session) return [];
  const windows = await parts.store.windows(transfer.id);
  return missingSlices(slices, heldSlices(slices, listed, transfer, windows, false));
}

/** What this call achieved; only confirmed slices are promises. */
export type Tally = { confirmed: Slice[]; sent: number; resent: number; bytes: number; verified: number };

async function send(
  transfer: Sending,
  source: S3Origin,
  slices: readonly Slice[],
  tally: Tally,
  parts: RelayParts,
  time: StepTime,
  work: AbortController,
): Promise<void> {
  const stop = AbortSignal.any([time.stop, work.signal]);
  // one for each slice in flight, and as many again to read into meanwhile, but no more than a few
  const most = () => parts.pace.limit + Math.min(parts.pace.limit, READ_AHEAD);
  const buffers = openBuffers(transfer.serial ? () => 2 : most, transfer.sliceSize);
  const order = {
    readBytes: parts.settings.readBytes,
    readers: transfer.serial ? 1 : parts.settings.readers,
  };
  const sending = new Set<Promise<void>>();

  const take = async (slice: Slice, content: Uint8Array) => {
    const one = sendOne(transfer, slice, content, tally, parts, { stop, signal: time.signal })
      .catch((error: unknown) => work.abort(error))
      .finally(() => {
        buffers.give(content);
        sending.delete(one);
      });
    sending.add(one);
    if (transfer.serial) await one; // serial_upload: the next slice only after this one
  };
  try {
    await readSlices(source, slices, order, buffers, parts.source, stop, take);
  } catch (error) {
    if (!stop.aborted) work.abort(error);
  }
  await Promise.all(sending);
  if (work.signal.aborted) throw work.signal.reason;
}

/** Sends one slice until COS echoes its MD5. Running out of time before it starts is no failure. */
export async function sendOne(
  transfer: Sending,
  slice: Slice,
  content: Uint8Array,
  tally: Tally,
  parts: RelayParts,
  time: StepTime,
): Promise<void> {
  const { target, session, id } = transfer;
  for (let tries = 1; ; tries += 1) {
    const place = await parts.pace.enter(time.stop);
    if (!place) return;
    try {
      const request = { session, offset: slice.offset, content, ...sessionSha(transfer) };
      const answer = parts.cos.put(target, request, time.signal);
      const md5 = hash('md5', content); // while the socket carries it
      const put = await answer;
      tally.sent += 1;
      tally.bytes += slice.length;
      if (tries > 1) tally.resent += 1;
      if (put.kind === 'refused') throw await sessionOr(put.error, target, session, parts, time);
      parts.observe({
        kind: 'slice-sent',
        transferId: id,
        bytes: slice.length,
        inFlight: parts.pace.inFlight,
        resent: tries > 1,
      });
      if (put.kind === 'wrong-sha') {
        // this slice may be the damaged one, so it goes again; if it is another, FinishUpload starts anew
        if (tries >= MAX_CORRUPT) return;
        continue;
      }
      if (put.md5 === md5) tally.verified += 1;
      if (put.md5 === md5 || (put.closed && put.md5 === undefined)) {
        tally.confirmed.push(slice);
        return;
      }
      await noteDamage(transfer, slice, put.closed, parts);
    } finally {
      place.leave();
    }
    if (tries >= MAX_CORRUPT) {
      throw new SliceCorrupt(
        `COS received other bytes than were sent at offset ${slice.offset}, ${tries} times`,
      );
    }
  }
}

/** COS holds other bytes than were sent: written down before anything else, since COS lists the slice like any other. */
async function noteDamage(
  transfer: Sending,
  slice: Slice,
  closed: boolean,
  parts: RelayParts,
): Promise<void> {
  if (closed) {
    await markDamaged(transfer, parts);
    throw new SessionLost('COS closed the file with a slice that arrived damaged');
  }
  const nothing = { confirmed: [], sentSlices: 0, resentSlices: 0, sentBytes: 0, md5Verified: 0 };
  const { session, attempts: attempt } = transfer;
  await parts.store.addWindow(transfer.id, {
    ...nothing,
    session,
    attempt,
    damaged: [slice],
    at: parts.clock(),
  });
}

/** A refused slice may mean a lost session: the list tells. */
async function sessionOr(
  error: Error,
  target: Sending['target'],
  session: string,
  { cos }: RelayParts,
  { signal }: StepTime,
): Promise<Error> {
  const listed = await cos.list(target, signal);
  if (listed.kind === 'unfinished' && listed.session === session) return error;
  return new SessionLost('COS no longer knows the session', { cause: error });
}

export async function save(transfer: Sending, tally: Tally, parts: RelayParts): Promise<void> {
  if (tally.sent === 0) return;
  await parts.store.addWindow(transfer.id, {
    session: transfer.session,
    attempt: transfer.attempts,
    confirmed: mergeRanges(tally.confirmed),
    sentSlices: tally.sent,
    resentSlices: tally.resent,
    sentBytes: tally.bytes,
    md5Verified: tally.verified,
    at: parts.clock(),
  });
  parts.observe({
    kind: 'window-sent',
    transferId: transfer.id,
    bytes: tally.bytes,
    slices: tally.sent,
    resent: tally.resent,
  });
}
