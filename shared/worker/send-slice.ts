import { hash } from 'node:crypto';
import { targetName } from '../cos/target.ts';
import { SessionLost, SliceCorrupt } from '../errors.ts';
import { type Sending, sessionSha } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { changeTarget } from '../target/change-target.ts';
import { spoiled } from '../target/upload-transitions.ts';
import type { Tally } from './tally.ts';

/** COS gets so many tries to receive a slice as it was sent. */
const MAX_CORRUPT = 4;

/** What a call sends to, and where it counts what was confirmed. */
export type Sender = {
  readonly transfer: Sending;
  readonly tally: Tally;
  /** Writes damage down instead of a window of its own. */
  readonly noteDamage?: (slice: Slice) => Promise<void>;
};

type SendServices = Pick<Services, 'cos' | 'store' | 'clock' | 'observe' | 'pace'>;

/**
 * Sends one slice until COS echoes its MD5. Running out of time before it starts is no failure. Throws SliceCorrupt,
 * SessionLost, and what COS refuses the slice with.
 */
export async function sendSlice(
  { transfer, tally, noteDamage = (slice) => windowOfDamage(transfer, slice, services) }: Sender,
  { slice, content }: { readonly slice: Slice; readonly content: Uint8Array },
  services: SendServices,
  time: StepTime,
): Promise<void> {
  const { target, session, id } = transfer;
  const request = { session, offset: slice.offset, content, ...sessionSha(transfer), beginBy: time.stop };
  for (let tries = 1; tries <= MAX_CORRUPT; tries += 1) {
    const answer = services.cos.put(target, request, time.signal);
    const md5 = hash('md5', content); // while the socket carries it
    const put = await answer;
    if (put.kind === 'not-begun') return;
    tally.sent += 1;
    tally.bytes += slice.length;
    if (tries > 1) tally.resent += 1;
    if (put.kind === 'refused') throw await lostOr(put.error, transfer, services, time);
    services.observe({
      kind: 'slice-sent',
      transferId: id,
      bytes: slice.length,
      inFlight: services.pace.inFlight,
      resent: tries > 1,
    });
    // this slice may be the damaged one, so it goes again; if it is another, FinishUpload starts anew
    if (put.kind === 'wrong-sha') {
      if (tries === MAX_CORRUPT) return;
      continue;
    }
    if (put.md5 === md5) tally.verified += 1;
    if (put.md5 === md5 || (put.closed && put.md5 === undefined)) {
      tally.confirmed.push(slice);
      return;
    }
    // COS holds other bytes than were sent: written down first, since COS lists the slice like any other
    if (put.closed) await spoil(transfer, services);
    await noteDamage(slice);
  }
  throw new SliceCorrupt(
    `COS received other bytes than were sent at offset ${slice.offset}, ${MAX_CORRUPT} times`,
  );
}

/** Throws SessionLost. */
async function spoil(transfer: Sending, services: Pick<Services, 'store'>): Promise<never> {
  await changeTarget(services, targetName(transfer.target), spoiled(transfer.id));
  throw new SessionLost('COS closed the file with a slice that arrived damaged');
}

async function windowOfDamage(
  transfer: Sending,
  slice: Slice,
  services: Pick<Services, 'store' | 'clock'>,
): Promise<void> {
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
async function lostOr(
  refusal: Error,
  { target, session }: Sending,
  { cos }: Pick<Services, 'cos'>,
  { signal }: StepTime,
): Promise<Error> {
  const listed = await cos.list(target, signal);
  if (listed.kind === 'unfinished' && listed.session === session) return refusal;
  return new SessionLost('COS no longer knows the session', { cause: refusal });
}
