import * as z from 'zod';
import { type ChainHash, openChainHash } from '../cos/sha1-chain.ts';
import { NoProgress, NotIdentical } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import type { S3Origin } from '../records/source-version.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { type EndedOutcome, ended } from '../transfer/end-transfer.ts';
import { unbroken } from './whole-hash.ts';

export const hashInput = z.object({
  transferId: z.string(),
  reopens: z.number().int().default(0),
  windowsUsed: z.number().int().default(0),
});
export type HashInput = z.infer<typeof hashInput>;

/** `more`: the time was up; the next call goes on where this one saved. */
export type HashOutcome = EndedOutcome | (HashInput & { readonly kind: 'hashed' | 'more' });

/** A stretch of the chain fits one item of the table: 20 bytes a slice, of 400 KB. */
const SLICES_PER_RECORD = 10_000;
/** Hashed at a time, in bytes. */
const READ_BYTES = 1_048_576;
/** No more than this is hashed again after a crash, in bytes. */
const BYTES_PER_RECORD = 1_073_741_824;

/** One sequential pass over the source for its SHA-1 and the chain of its slices, saved as it goes. */
export async function hashSource(input: HashInput, services: Services, time: StepTime): Promise<HashOutcome> {
  const transfer = await load(services, input.transferId);
  if (transfer.state !== 'opening' && transfer.state !== 'sending') return ended(transfer);
  const { source } = transfer;
  if (source.kind !== 's3') throw new TypeError('a client states the SHA-1 itself');

  const chain = unbroken(await services.store.chain(transfer.id), transfer.options.sliceSize);
  const from = chain.at(-1)?.end ?? 0;
  const hash = await openChainHash(chain.at(-1)?.saved);
  const end = await pass({ transfer, source, from, hash }, services, time);
  if (end < source.size) {
    if (end === from) throw new NoProgress('the time of a whole call was not enough to hash one slice');
    return { ...input, kind: 'more' };
  }
  const sha1 = hash.digest();
  if (source.sha1 !== undefined && source.sha1 !== sha1) {
    throw new NotIdentical(`S3 states SHA-1 ${source.sha1}, but its bytes have ${sha1}`);
  }
  const known = await change(services, transfer.id, (old) => ({ ...old, source: { ...old.source, sha1 } }), {
    signal: time.signal,
  });
  return known.state === 'opening' || known.state === 'sending' ? { ...input, kind: 'hashed' } : ended(known);
}

type Pass = {
  readonly transfer: Transfer;
  readonly source: S3Origin;
  readonly from: number;
  readonly hash: ChainHash;
};

/**
 * Hashes from `from` to the end, or until the time is up; resolves with how far the saved chain reaches. The end of the
 * time cuts the read off wherever it is: what was hashed up to the last whole slice is kept.
 */
async function pass(
  { transfer, source, from, hash }: Pass,
  services: Services,
  time: StepTime,
): Promise<number> {
  if (from === source.size) return from;
  const { sliceSize } = transfer.options;
  let saved = from;
  let at = from;
  let whole = { at, saved: hash.save() }; // after the last whole slice
  let states: Uint8Array[] = [];
  const save = async () => {
    if (whole.at === saved) return;
    const record = {
      sliceSize,
      offset: saved,
      end: whole.at,
      states: Buffer.concat(states),
      saved: whole.saved,
    };
    await services.store.addChain(transfer.id, record);
    services.observe({ kind: 'hashed', transferId: transfer.id, bytes: whole.at, size: source.size });
    [saved, states] = [whole.at, []];
  };
  const memory = Buffer.allocUnsafeSlow(READ_BYTES); // hashed before the next bytes come
  const rest = { offset: from, length: source.size - from };
  const stop = AbortSignal.any([time.stop, time.signal]);
  const room = (left: number) => memory.subarray(0, Math.min(left, memory.length));
  try {
    for await (const chunk of services.source.read(source, rest, stop, room)) {
      for (let used = 0; used < chunk.length; ) {
        const part = chunk.subarray(used, used + sliceSize - (at % sliceSize));
        hash.update(part);
        used += part.length;
        at += part.length;
        if (at % sliceSize !== 0 && at !== source.size) continue;
        states.push(at % sliceSize === 0 ? hash.state() : LAST);
        whole = { at, saved: hash.save() };
        if (states.length >= SLICES_PER_RECORD || at - saved >= BYTES_PER_RECORD) await save();
      }
    }
  } catch (error) {
    await save();
    if (!stop.aborted) throw error;
    return saved;
  }
  await save();
  return saved;
}

/** A short last slice has no chaining state; its entry is the finished SHA-1. */
const LAST = new Uint8Array(20);
