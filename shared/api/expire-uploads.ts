import * as z from 'zod';
import { asError } from '../errors.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import type { ApiServices, StepTime } from '../services.ts';
import { cancelTransfer } from './cancel-transfer.ts';
import { expiresAfterMs } from './touch-upload.ts';

const PAGE = 100;

/** The event of a schedule: it says only that it is time. */
export const scheduleInput = z.unknown();

/** What came of the uploads that nobody touched: `left` is the next call's. */
export type Expired = { readonly cancelled: number; readonly left: number };

/**
 * Cancels the uploads of clients that nobody touched for UPLOAD_EXPIRES_HOURS, so that their targets are free and COS keeps
 * nothing unfinished. Throws the first error after all others had their turn.
 */
export async function expireUploads(
  _: unknown,
  services: ApiServices,
  { stop, signal }: StepTime,
): Promise<Expired> {
  const before = services.clock() - expiresAfterMs(services.config);
  const ends = { cancelled: 0, left: 0 };
  const errors: Error[] = [];
  for await (const { id } of untouchedSince(before, services)) {
    if (stop.aborted) {
      ends.left += 1;
      continue;
    }
    try {
      await cancelTransfer(id, { why: WHY }, services, { stop, signal });
      ends.cancelled += 1;
    } catch (thrown) {
      errors.push(asError(thrown));
    }
  }
  const [first] = errors;
  if (first) throw first;
  return ends;
}

const WHY = {
  error: 'UploadExpired',
  message: 'nobody sent a slice or asked for the missing ones for UPLOAD_EXPIRES_HOURS',
  wayOut: 'begin it again: the same POST opens it anew',
} as const;

async function* untouchedSince(before: number, { store }: ApiServices): AsyncGenerator<Transfer> {
  let cursor: string | undefined;
  do {
    const { transfers, next } = await store.list(['opening', 'sending'], PAGE, cursor, {
      until: before,
      admits: ({ source }) => source.kind === 'client',
    });
    for (const { id } of transfers) {
      const now = await store.get(id); // as it is at its turn, not as it was listed
      if (now && isActive(now) && now.updatedAt < before) yield now;
    }
    cursor = next;
  } while (cursor !== undefined);
}
