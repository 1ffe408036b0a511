import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openChainHash, uploadParts } from '../../shared/cos/sha1-chain.ts';
import { planSlices } from '../../shared/slices/slices.ts';
import vectors from '../vectors/sha1-chain.json' with { type: 'json' };

/** The chain of `bytes`, saved and taken up again after each of the pieces. */
async function chain(bytes: Uint8Array, sliceSize: number, breakAt: (slice: number) => boolean) {
  const slices = planSlices(bytes.length, sliceSize);
  const states: Uint8Array[] = [];
  let hash = await openChainHash();
  for (const [index, { offset, length }] of slices.entries()) {
    hash.update(bytes.subarray(offset, offset + length));
    states.push(length === sliceSize ? hash.state() : new Uint8Array(20));
    if (breakAt(index)) hash = await openChainHash(hash.save());
  }
  const sha1 = hash.digest();
  return { sha1, parts: JSON.parse(uploadParts(slices, Buffer.concat(states), sha1)) };
}

test.each(vectors.map((vector) => [vector.name, vector] as const))(
  '%s: as in the vectors',
  async (_, vector) => {
    const bytes = Uint8Array.from({ length: vector.length }, (_, i) => (i * 7 + 3) % 251);

    const made = await chain(bytes, vector.slice_size, () => false);

    expect(made.sha1).toBe(vector.sha1);
    expect(made.parts).toEqual(vector.uploadparts);
  },
);

test('wherever the pass is broken off and taken up again, the chain is the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 4_000 }),
      fc.constantFrom(64, 128, 640),
      fc.func(fc.boolean()),
      async (bytes, sliceSize, breakAt) => {
        const [whole, broken] = [
          await chain(bytes, sliceSize, () => false),
          await chain(bytes, sliceSize, breakAt),
        ];

        expect(broken).toEqual(whole);
        expect(whole.sha1).toBe(createHash('sha1').update(bytes).digest('hex'));
      },
    ),
    { numRuns: 50 },
  );
});
