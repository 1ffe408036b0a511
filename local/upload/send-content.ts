import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlicesView } from '../../shared/api/views.ts';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import { type ApiClient, ApiRefused } from './api-client.ts';
import type { Content } from './content.ts';

export type SendOptions = {
  readonly target: string;
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly observe: (event: RelayEvent) => void;
  /** The transfer that it is. */
  readonly onOpen: (id: string) => void;
};

export type SentContent = {
  readonly receipt: Receipt;
  /** False: an earlier run had stored it, and nothing was sent. */
  readonly sentNow: boolean;
};

/** COS may lose the session so often, and its list may stand still so often, before somebody must look. */
const LOSSES_MAX = 5;
const STANDSTILLS_MAX = 3;
/** A list that lags gets so long to catch up, in ms. */
const CATCH_UP_MS = 1_000;

/** Opens the upload or finds it open, sends what is missing, and finishes it. */
export async function sendContent(
  content: Content,
  api: ApiClient,
  options: SendOptions,
): Promise<SentContent> {
  const { target: path, signal } = options;
  const key = `${content.version} ${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
  const { id, receipt } = await api.open({ path, size: content.size, key });
  if (receipt) return { receipt, sentNow: false };
  options.onOpen(id);

  let [losses, standstills, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let round = 0; ; round += 1) {
    const listed = await api.slices(id, content.from());
    const left = listed.slices.total - listed.slices.held;
    options.observe(progressOf(listed, round === 0));
    if (left > 0 && left >= least) {
      standstills += 1; // the list must shrink
      if (standstills > STANDSTILLS_MAX)
        throw new Error(`${left} slices were missing before and after sending them`);
      await sleep(CATCH_UP_MS, undefined, { signal });
    }
    least = left;
    try {
      const atOnce = listed.serial ? 1 : options.atOnce;
      const sent = await sendAll(listed, content, api, { ...options, atOnce });
      if (sent < left) continue; // that was a page of a long list
      await content.mustBeUnchanged();
      return { receipt: await api.finish(id), sentNow: true };
    } catch (error) {
      if (!(error instanceof ApiRefused)) throw error;
      if (error.kind === 'slices-missing') continue;
      losses += 1;
      if (error.kind !== 'session-lost' || losses > LOSSES_MAX) throw error;
      least = Number.POSITIVE_INFINITY; // all of it goes again
    }
  }
}

const progressOf = ({ transferId, size, bytes, slices }: SlicesView, first: boolean): RelayEvent => ({
  kind: 'listed',
  transferId,
  size,
  heldBytes: bytes.held,
  held: slices.held,
  missing: slices.total - slices.held,
  first,
});

/** Several workers take slices from one list. The first failure ends them all. */
async function sendAll(
  { transferId: id, missing }: SlicesView,
  content: Content,
  api: ApiClient,
  { signal, observe, atOnce }: SendOptions,
): Promise<number> {
  const todo = missing.values();
  let [inFlight, sent, failed] = [0, 0, false];
  const worker = async (): Promise<void> => {
    for (const slice of todo) {
      if (failed) return;
      signal.throwIfAborted();
      inFlight += 1;
      try {
        const bytes = await content.read(slice);
        await api.put(id, slice.offset, bytes, createHash('md5').update(bytes).digest('base64'));
        sent += 1;
        observe({ kind: 'slice-sent', transferId: id, bytes: slice.length, inFlight, resent: false });
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        inFlight -= 1;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return sent;
}
