import { hash } from 'node:crypto';
import * as z from 'zod';
import { cosTarget } from '../cos/target.ts';
import { origin } from './source-version.ts';
import type { Transfer, TransferState } from './transfer.ts';

/** What the index copies of a transfer: who may see it, and where it stands in a list. */
export const listedRow = z.object({
  createdKey: z.string(),
  caller: z.string().optional(),
  source: origin,
  target: cosTarget,
});
export type ListedRow = z.infer<typeof listedRow>;

/** A key of an index takes 1,000 writes a second, so each state has sixteen. */
const SHARDS = [...'0123456789abcdef'];

/** The key under which the index has a transfer. Ids are hashed once more: not all of them are hashes. */
export const listedAs = ({ state, id }: Pick<Transfer, 'state' | 'id'>): string =>
  `${state}#${hash('md5', id).slice(0, 1)}`;

/** All keys under which a state is listed. */
export const keysOf = (state: TransferState): string[] => SHARDS.map((shard) => `${state}#${shard}`);

/** Where a transfer stands in the index: by time, then by id, so that a page has one end. */
export const createdKey = ({ createdAt, id }: Pick<Transfer, 'createdAt' | 'id'>): string =>
  `${String(createdAt).padStart(15, '0')}#${id}`;

/** The id in a `createdKey`. */
export const idIn = (key: string): string => key.slice(16);
