import { hash } from 'node:crypto';
import { CosUnavailable } from '../errors.ts';
import type { Sending } from '../records/transfer.ts';
import type { ApiServices, StepTime } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { sendSlice } from '../worker/send-slice.ts';
import { newTally } from '../worker/tally.ts';
import { loadFor } from './access.ts';
import { checkDigests } from './check-digests.ts';
import { Declined, mustBeSending, notClientDriven } from './declined.ts';
import type { PutInput } from './request-schemas.ts';
import { touchUpload } from './touch-upload.ts';
import type { SliceView } from './views.ts';

/** Longer than a call of the API may take, in ms: its slice may be under way for as long. */
const CLAIM_MS = 60_000;

/** Carries one slice of a client to COS, and answers once COS echoed its MD5. The same slice again does no harm. */
export async function putSlice(
  { caller, path, headers, body }: PutInput,
  services: ApiServices,
  time: StepTime,
): Promise<SliceView> {
  const transfer = await loadFor(caller, path.id, 'act', services);
  if (transfer.source.kind !== 'client') throw notClientDriven();
  const sending = mustBeSending(transfer);
  const slice = planned(sending, path.offset);
  hasLength(body, slice);
  checkDigests(headers, body);

  await touchUpload(sending, services);
  await carry(sending, { slice, content: body }, services, time);
  return { ...slice, md5: hash('md5', body) };
}

/** Sends the slice under a claim, so that no other bytes cross it, and counts what happened to it. */
async function carry(
  transfer: Sending,
  { slice, content }: { readonly slice: Slice; readonly content: Uint8Array },
  services: ApiServices,
  time: StepTime,
): Promise<void> {
  const { id, session, attempts: attempt, sliceSize, source } = transfer;
  const claimed = { ...slice, session, attempt, sliceSize, size: source.size };
  const md5 = hash('md5', content);
  mustBeClaimed(await services.store.claimSlice(id, claimed, md5, CLAIM_MS));

  const tally = newTally();
  let damaged = false;
  const noteDamage = async () => {
    damaged = true;
    await services.store.noteSlice(id, claimed, { md5, outcome: 'damaged', sends: 0, verified: 0 });
  };
  try {
    await sendSlice({ transfer, tally, noteDamage }, { slice, content }, services, time);
  } finally {
    const outcome = tally.confirmed.length > 0 ? 'confirmed' : damaged ? 'damaged' : 'unknown';
    const { sent: sends, resent, verified, bytes } = tally;
    await services.store.noteSlice(id, claimed, { md5, outcome, sends, verified });
    if (sends > 0) services.observe({ kind: 'window-sent', transferId: id, bytes, slices: sends, resent });
  }
  if (tally.confirmed.length === 0) throw new CosUnavailable('there was no time left to send the slice');
}

/** Throws Declined. */
function mustBeClaimed(claim: 'claimed' | 'other-bytes' | 'busy'): void {
  if (claim === 'other-bytes') {
    throw new Declined(
      'slice-differs',
      'other bytes were confirmed for this slice',
      'upload a changed file under another Idempotency-Key, or cancel this one first',
    );
  }
  if (claim === 'busy') {
    throw new Declined(
      'slice-busy',
      'another call is sending other bytes for this slice',
      'ask again in a moment',
    );
  }
}

/** The slice of the plan at this offset. Throws Declined. */
function planned({ source, sliceSize }: Sending, offset: number): Slice {
  if (offset < source.size && offset % sliceSize === 0) {
    return { offset, length: Math.min(sliceSize, source.size - offset) };
  }
  throw new Declined(
    'no-such-slice',
    `no slice begins at ${offset}`,
    `offsets are multiples of ${sliceSize} below ${source.size}`,
    { sliceSize, size: source.size },
  );
}

function hasLength(content: Uint8Array, { offset, length }: Slice): void {
  if (content.length === length) return;
  const message = `the slice at ${offset} has ${length} bytes, ${content.length} were sent`;
  const kind = content.length > length ? 'slice-too-large' : 'slice-length';
  throw new Declined(kind, message, `send exactly ${length} bytes`, {
    expected: length,
    received: content.length,
  });
}
