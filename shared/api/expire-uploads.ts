import * as z from 'zod';
import { asError } from '../errors.ts';
import type { Origin } from '../records/source-version.ts';
import { isActive, type Transfer, type TransferState } from '../records/transfer.ts';
import type { ApiServices, StepTime } from '../services.ts';
import type { EpochMillis } from '../time.ts';
import { startMachine } from '../transfer/register-transfer.ts';
import { cancelTransfer } from './cancel-transfer.ts';
import { expiresAfterMs } from './touch-upload.ts';

const PAGE = 100;
/** Each delivery of an event, and each call of OpenUpload, touches its transfer: who did not for so long, in ms, died before. */
const UNSTARTED_MS = 3_600_000;
/** What a backfill wrote down waits for its turn; one that died, or met another version since, is no more at it by then, in ms. */
const UNSTARTED_LISTED_MS = 14 * 86_400_000;

/** The event of a schedule: it says only that it is time. */
export const scheduleInput = z.unknown();

/** What came of the transfers that nobody touched: `left` is the next call's. */
export type Expired = { readonly cancelled: number; readonly started: number; readonly left: number };

/**
 * Cancels the uploads of clients that nobody touched for UPLOAD_EXPIRES_HOURS, so that their targets are free and COS keeps
 * nothing unfinished; starts the machine for relays whose beginner died before it could, so that none stays `opening`.
 * Throws the first error after all others had their turn.
 */
export async function expireUploads(
  _: unknown,
  services: ApiServices,
  { stop, signal }: StepTime,
): Promise<Expired> {
  const now = services.clock();
  const ends = { cancelled: 0, started: 0, left: 0 };
  const errors: Error[] = [];
  const forEach = async (which: Untouched, turn: (transfer: Transfer) => Promise<void>) => {
    for await (const transfer of untouched(which, services)) {
      if (stop.aborted) ends.left += 1;
      else await turn(transfer).catch((thrown: unknown) => void errors.push(asError(thrown)));
    }
  };
  await forEach({ ...UPLOADS, before: now - expiresAfterMs(services.config) }, async (upload) => {
    await cancelTransfer(upload, { why: WHY }, services, { stop, signal });
    ends.cancelled += 1;
  });
  const start = async (transfer: Transfer) => {
    await startMachine(transfer, services.machine);
    ends.started += 1;
  };
  await forEach({ ...RELAYS, before: now - UNSTARTED_MS }, start);
  await forEach({ ...LISTED, before: now - UNSTARTED_LISTED_MS }, start);
  const [first] = errors;
  if (first) throw first;
  return ends;
}

const WHY = {
  error: 'UploadExpired',
  message: 'nobody sent a slice or asked for the missing ones for UPLOAD_EXPIRES_HOURS',
  wayOut: 'begin it again: the same POST opens it anew',
} as const;

type Which = { readonly states: readonly TransferState[]; readonly admits: (source: Origin) => boolean };
type Untouched = Which & { readonly before: EpochMillis };

const UPLOADS: Which = { states: ['opening', 'sending'], admits: ({ kind }) => kind === 'client' };
const RELAYS: Which = {
  states: ['opening'],
  admits: (source) => source.kind === 's3' && source.listed === undefined,
};
/** A backfill begins its own, within its concurrency. */
const LISTED: Which = {
  states: ['opening'],
  admits: (source) => source.kind === 's3' && source.listed !== undefined,
};

async function* untouched(
  { states, admits, before }: Untouched,
  { store }: ApiServices,
): AsyncGenerator<Transfer> {
  let cursor: string | undefined;
  do {
    const { transfers, next } = await store.list([...states], PAGE, cursor, {
      until: before,
      admits: ({ source }) => admits(source),
    });
    for (const { id } of transfers) {
      const now = await store.get(id); // as it is at its turn, not as it was listed
      if (now && isActive(now) && states.includes(now.state) && now.updatedAt < before) yield now;
    }
    cursor = next;
  } while (cursor !== undefined);
}
