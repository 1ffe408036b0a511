import * as z from 'zod';
import { type ListParts, rowsOf } from './dynamo-list.ts';
import { keysOf } from './listed-row.ts';
import type { CountSpan, TransferCounts } from './store.ts';
import type { TransferState } from './transfer.ts';

/** So many rows are read in one call at most. */
const COUNTED_MAX = 10_000;
/** Rows of one answer of DynamoDB. */
const ANSWER = 1_000;

/** A key of the index, and the row in it that was counted last, if any was. */
const place = z.tuple([z.string(), z.string().nullable()]);

/** Counts the index key after key, so that a call reads a bounded number of rows and goes on where the one before ended. */
export async function countTransfers(
  parts: ListParts,
  states: readonly TransferState[],
  { before, most = COUNTED_MAX, admits = () => true, ...times }: CountSpan,
): Promise<TransferCounts> {
  const counts = new Map<TransferState, number>();
  const keys = states.flatMap((state) => keysOf(state).map((key) => ({ state, key })));
  const [from, counted] = before === undefined ? [keys[0]?.key, null] : place.parse(JSON.parse(before));
  let examined = 0;
  for (const { state, key } of keys.slice(keys.findIndex((one) => one.key === from))) {
    let last = key === from ? counted : null;
    for await (const row of rowsOf(parts, key, { ...times, before: last ?? undefined }, ANSWER)) {
      if (examined >= most) return { counts, next: JSON.stringify([key, last]) };
      examined += 1;
      last = row.createdKey;
      if (admits(row)) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  return { counts };
}
