import { hash } from 'node:crypto';
import type { IdempotencyKey } from '../records/store.ts';
import type { Services } from '../services.ts';
import { Declined } from './declined.ts';

/** What a caller called a request, and a hash of what it asked for. */
export type RequestKey = { readonly name: string; readonly asked: string };

/** The key of one caller: another caller's key of the same text is another key. */
export const requestKey = (caller: string, key: string, asked: unknown): RequestKey => ({
  name: `key:${hash('sha256', JSON.stringify([caller, key]))}`,
  asked: hash('sha256', JSON.stringify(asked)),
});

/** The transfer this key was first used for. Throws Declined if something else was asked for then. */
export async function recall(
  { name, asked }: RequestKey,
  { store }: Pick<Services, 'store'>,
): Promise<string | undefined> {
  const known = await store.getKey(name);
  return known && sameRequest(known, asked);
}

/** Writes down what the key stands for; the first of many calls wins. Resolves with the winner's transfer. */
export async function remember(
  key: RequestKey,
  transferId: string,
  { store }: Pick<Services, 'store'>,
): Promise<string> {
  const claim = await store.claimKey({ ...key, transferId });
  return claim.won ? transferId : sameRequest(claim.existing, key.asked);
}

function sameRequest(known: IdempotencyKey, asked: string): string {
  if (known.asked === asked) return known.transferId;
  throw new Declined(
    'idempotency-key-reused',
    'this Idempotency-Key was used for another request',
    'send a key of its own with each different request',
  );
}
