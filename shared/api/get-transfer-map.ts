import { hash } from 'node:crypto';
import type { WindowRecord } from '../records/store.ts';
import type { Transfer } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';
import type { Slice } from '../slices/slices.ts';
import { loadFor } from './access.ts';
import type { MapInput, MapView } from './map-schemas.ts';

/**
 * Which slices were held before, sent and damaged, and by which worker call, from what was written down: COS is not asked,
 * so that watching costs a read of the table. Throws UnknownTransfer.
 */
export async function showMap(
  { caller, path, headers }: MapInput,
  services: ApiServices,
): Promise<MapView | Unchanged> {
  const transfer = await loadFor(caller, path.id, 'look', services);
  const view = mapOf(transfer, await services.store.windows(transfer.id));
  const etag = `"${hash('sha256', JSON.stringify(view), 'base64url').slice(0, 22)}"`;
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag)) return { unchanged: true, etag };
  return { ...view, etag };
}

/** The caller has this map already: an answer of 304. */
export type Unchanged = { readonly unchanged: true; readonly etag: string };

/** Pure. Records of sessions that COS lost count for nothing, so only those of the last one are shown. */
function mapOf(transfer: Transfer, windows: readonly WindowRecord[]): Omit<MapView, 'etag'> {
  const { id, state, source, attempts, createdAt, updatedAt } = transfer;
  const session = sessionOf(transfer, windows);
  const mine = windows.filter((window) => window.session === session).sort((a, b) => a.at - b.at);
  return {
    transferId: id,
    state,
    size: source.size,
    sliceSize: sliceSizeOf(transfer),
    createdAt,
    updatedAt,
    attempts,
    heldBefore: mine.flatMap(({ heldBefore, at, attempt }) =>
      heldBefore ? [{ at, attempt, ranges: heldBefore.map(pair) }] : [],
    ),
    calls: mine.flatMap((window) => (window.heldBefore ? [] : [callOf(window)])),
    restarted: new Set(windows.map((window) => window.session)).size > 1,
  };
}

function callOf(window: WindowRecord): MapView['calls'][number] {
  const { at, attempt, confirmed, sentSlices, resentSlices, damaged = [], span, began } = window;
  return {
    ...(span && { span: pair(span) }),
    began: began ?? at,
    at,
    attempt,
    sent: sentSlices,
    resent: resentSlices,
    confirmed: confirmed.map(pair),
    ...(damaged.length > 0 && { damaged: damaged.map(pair) }),
  };
}

function sessionOf(transfer: Transfer, windows: readonly WindowRecord[]): string | undefined {
  if (transfer.state === 'sending') return transfer.session;
  if (transfer.state === 'stored' && transfer.receipt.session !== undefined) return transfer.receipt.session;
  return windows.reduce<WindowRecord | undefined>(
    (last, window) => (!last || window.at >= last.at ? window : last),
    undefined,
  )?.session;
}

function sliceSizeOf(transfer: Transfer): number {
  if (transfer.state === 'sending') return transfer.sliceSize;
  if (transfer.state !== 'stored') return transfer.options.sliceSize;
  return transfer.receipt.sliceSize ?? Math.max(1, transfer.source.size); // in one request
}

const pair = ({ offset, length }: Slice): [number, number] => [offset, length];
