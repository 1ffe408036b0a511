import { openChainHash, uploadParts } from '../../shared/cos/sha1-chain.ts';
import { planSlices } from '../../shared/slices/slices.ts';
import { sha1 } from './relay-bed.ts';

/** The SHA-1 of these bytes with its chain, as init wants it. */
export async function wholeOf(content: Uint8Array, sliceSize: number) {
  const slices = planSlices(content.length, sliceSize);
  const hash = await openChainHash();
  const states = slices.map(({ offset, length }) => {
    hash.update(content.subarray(offset, offset + length));
    return length === sliceSize ? hash.state() : new Uint8Array(20);
  });
  const whole = sha1(content);
  return { sha1: whole, uploadParts: uploadParts(slices, Buffer.concat(states), whole) };
}
