import { hash } from 'node:crypto';
import { CosUnavailable } from '../errors.ts';
import type { Sending } from '../records/transfer.ts';
import type { ApiServices, StepTime } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { sendSlice } from '../worker/send-slice.ts';
import { newTally, saveTally } from '../worker/tally.ts';
import { loadFor } from './access.ts';
import { checkDigests } from './check-digests.ts';
import { Declined, mustBeSending, notClientDriven } from './declined.ts';
import type { PutInput, SliceView } from './schemas.ts';
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

  const tally = newTally();
  try {
    await sendSlice({ transfer: sending, tally }, { slice, content: body }, services, time);
  } finally {
    await saveTally(sending, tally, services);
  }
  if (tally.confirmed.length === 0) throw new CosUnavailable('there was no time left to send the slice');
  return { ...slice, md5: hash('md5', body) };
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
