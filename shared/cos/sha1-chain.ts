import { createSHA1 } from 'hash-wasm';
import type { Slice } from '../slices/slices.ts';

/** A SHA-1 in the making that can be put away and taken up again; node:crypto cannot do that. */
export type ChainHash = {
  update(bytes: Uint8Array): void;
  /** h0…h4 after whole 64-byte blocks, each word little-endian: a slice's `datasha` as it stands. 20 bytes. */
  state(): Uint8Array;
  /** The finished SHA-1 in lower-case hex. The hash is spent then. */
  digest(): string;
  save(): Uint8Array;
};

/** Where the chaining state lies in what hash-wasm saves (checked against the vectors). */
const STATE_FROM = 4;
const STATE_TO = 24;

export async function openChainHash(saved?: Uint8Array): Promise<ChainHash> {
  const hash = await createSHA1();
  if (saved) hash.load(saved);
  else hash.init();
  return {
    update: (bytes) => void hash.update(bytes),
    state: () => hash.save().slice(STATE_FROM, STATE_TO),
    digest: () => hash.digest('hex'),
    save: () => hash.save(),
  };
}

/** The `uploadparts` of init: the chaining state after each slice, and for the last one the finished SHA-1. (COS v4 API, 436/6067.) */
export function uploadParts(slices: readonly Slice[], states: Uint8Array, sha1: string): string {
  const hex = Buffer.from(states).toString('hex');
  return JSON.stringify(
    slices.map(({ offset, length }, index) => ({
      offset,
      datalen: length,
      datasha: index === slices.length - 1 ? sha1 : hex.slice(index * 40, index * 40 + 40),
    })),
  );
}
