import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlicesView } from '../../shared/api/schemas.ts';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import { type ApiClient, ApiRefused } from './api-client.ts';
import type { LocalFile } from './local-file.ts';

export type SendOptions = {
  readonly target: string;
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly observe: (event: RelayEvent) => void;
};

/** COS may lose the session so often, and its list may stand still so often, before somebody must look. */
const LOSSES_MAX = 5;
const STANDSTILLS_MAX = 3;
/** A list that lags gets so long to catch up, in ms. */
const CATCH_UP_MS = 1_000;

/** Opens the upload or finds it open, sends what is missing, and finishes it. */
export async function sendFile(file: LocalFile, api: ApiClient, options: SendOptions): Promise<Receipt> {
  const key = `file ${file.version} ${createHash('sha256').update(options.target).digest('hex').slice(0, 16)}`;
  const { id, receipt } = await api.open({ path: options.target, size: file.size, key });
  if (receipt) return receipt;

  let [losses, standstills, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let round = 0; ; round += 1) {
    const listed = await api.slices(id);
    const left = listed.slices.total - listed.slices.held;
    options.observe(progressOf(listed, round === 0));
    if (left > 0 && left >= least) {
      standstills += 1; // the list must shrink
      if (standstills > STANDSTILLS_MAX)
        throw new Error(`${left} slices were missing before and after sending them`);
      await sleep(CATCH_UP_MS, undefined, { signal: options.signal });
    }
    least = left;
    try {
      const atOnce = listed.serial ? 1 : options.atOnce;
      const sent = await sendAll(listed, file, api, { ...options, atOnce });
      if (sent < left) continue; // that was a page of a long list
      await file.mustBeUnchanged();
      return await api.finish(id);
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
  file: LocalFile,
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
        const content = await file.read(slice);
        await api.put(id, slice.offset, content, createHash('md5').update(content).digest('base64'));
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
