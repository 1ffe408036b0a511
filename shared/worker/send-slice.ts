import { hash } from 'node:crypto';
import { targetName } from '../cos/target.ts';
import { SessionLost, SliceCorrupt } from '../errors.ts';
import { type Sending, sessionSha } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { changeTarget } from '../target/change-target.ts';
import { spoiled } from '../target/transitions.ts';
import type { Tally } from './tally.ts';

/** COS gets so many tries to receive a slice as it was sent. */
const MAX_CORRUPT = 4;

/**
 * Sends one slice until COS echoes its MD5. Running out of time before it starts is no failure. Throws SliceCorrupt,
 * SessionLost, and what COS refuses the slice with.
 */
export async function sendSlice(
  transfer: Sending,
  slice: Slice,
  content: Uint8Array,
  tally: Tally,
  services: Services,
  time: StepTime,
): Promise<void> {
  const { target, session, id } = transfer;
  for (let tries = 1; ; tries += 1) {
    const place = await services.pace.enter(time.stop);
    if (!place) return;
    try {
      const request = { session, offset: slice.offset, content, ...sessionSha(transfer) };
      const answer = services.cos.put(target, request, time.signal);
      const md5 = hash('md5', content); // while the socket carries it
      const put = await answer;
      tally.sent += 1;
      tally.bytes += slice.length;
      if (tries > 1) tally.resent += 1;
      if (put.kind === 'refused') throw await sessionOr(put.error, target, session, services, time);
      services.observe({
        kind: 'slice-sent',
        transferId: id,
        bytes: slice.length,
        inFlight: services.pace.inFlight,
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
      await noteDamage(transfer, slice, put.closed, services);
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
  services: Services,
): Promise<void> {
  if (closed) {
    await changeTarget(services, targetName(transfer.target), spoiled(transfer.id));
    throw new SessionLost('COS closed the file with a slice that arrived damaged');
  }
  const nothing = { confirmed: [], sentSlices: 0, resentSlices: 0, sentBytes: 0, md5Verified: 0 };
  const { session, attempts: attempt } = transfer;
  await services.store.addWindow(transfer.id, {
    ...nothing,
    session,
    attempt,
    damaged: [slice],
    at: services.clock(),
  });
}

/** A refused slice may mean a lost session: the list tells. */
async function sessionOr(
  error: Error,
  target: Sending['target'],
  session: string,
  { cos }: Services,
  { signal }: StepTime,
): Promise<Error> {
  const listed = await cos.list(target, signal);
  if (listed.kind === 'unfinished' && listed.session === session) return error;
  return new SessionLost('COS no longer knows the session', { cause: error });
}
