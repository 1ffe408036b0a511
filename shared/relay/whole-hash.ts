import { uploadParts } from '../cos/sha1-chain.ts';
import type { ChainRecord } from '../records/store.ts';
import type { Opening, Sending } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { planSlices } from '../slices/slices.ts';

/** The whole file's SHA-1 with its chain, if the transfer wants one. */
export type WholeHash =
  | { readonly kind: 'none' }
  | { readonly kind: 'unhashed' }
  | { readonly kind: 'hash'; readonly sha1: string; readonly uploadParts: string };

export async function wholeHash(
  { id, source, options }: Opening | Sending,
  services: Services,
): Promise<WholeHash> {
  if (options.integrity !== 'sha1' || source.kind !== 's3') return { kind: 'none' };
  const chain = unbroken(await services.store.chain(id), options.sliceSize);
  if (chain.at(-1)?.end !== source.size || source.sha1 === undefined) return { kind: 'unhashed' };
  const states = Buffer.concat(chain.map((record) => record.states));
  const slices = planSlices(source.size, options.sliceSize);
  return { kind: 'hash', sha1: source.sha1, uploadParts: uploadParts(slices, states, source.sha1) };
}

/** The stretches that follow on each other from the start of the file. */
export function unbroken(records: readonly ChainRecord[], sliceSize: number): ChainRecord[] {
  const chain: ChainRecord[] = [];
  let end = 0;
  for (const record of records) {
    if (record.sliceSize !== sliceSize || record.offset !== end) continue;
    chain.push(record);
    end = record.end;
  }
  return chain;
}
