import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { idIn, keysOf, type ListedRow, listedRow } from './listed-row.ts';
import type { ListFilter, TransferPage } from './store.ts';
import type { Transfer, TransferState } from './transfer.ts';
import { transferOfItem } from './transfer-item.ts';

export type ListParts = { readonly documents: DynamoDBDocumentClient; readonly table: string };

export const INDEX = 'byStateAndShard';

/** One call looks at so many rows at most; a page may then be short, and its `next` goes on. */
const EXAMINED_MAX = 2_000;
const BATCH = 100;
const BUSY_MS = 50;

/**
 * Transfers of some states, newest first, of sixteen keys a state. The index says which; the transfers themselves are read
 * from the table, so that what has changed its state meanwhile is shown once, as it is.
 */
export async function listTransfers(
  parts: ListParts,
  states: readonly TransferState[],
  { limit, before, ...filter }: ListFilter & { readonly limit: number; readonly before?: string | undefined },
): Promise<TransferPage> {
  const found: string[] = [];
  let last: string | undefined;
  let examined = 0;
  for await (const row of newestFirst(parts, states, { before, ...filter }, limit)) {
    if (found.length >= limit || examined >= EXAMINED_MAX) {
      return { transfers: await readAll(parts, found, states), ...(last !== undefined && { next: last }) };
    }
    examined += 1;
    last = row.createdKey;
    const id = idIn(row.createdKey);
    if (!found.includes(id) && (filter.admits?.(row) ?? true)) found.push(id);
  }
  return { transfers: await readAll(parts, found, states) };
}

type Span = ListFilter & { readonly before?: string | undefined };

/** Merges the keys' rows. States that only others follow are asked first: what moves on is then seen twice, never missed. */
async function* newestFirst(
  parts: ListParts,
  states: readonly TransferState[],
  span: Span,
  limit: number,
): AsyncGenerator<ListedRow> {
  const isRunning = (state: TransferState) => state === 'opening' || state === 'sending';
  const running = states.filter(isRunning);
  const over = states.filter((state) => !isRunning(state));
  const heads: { rows: AsyncGenerator<ListedRow>; row: ListedRow }[] = [];
  for (const group of [running, over]) {
    const opened = group.flatMap(keysOf).map(async (key) => {
      const rows = rowsOf(parts, key, span, Math.max(10, Math.ceil(limit / 4)));
      const { value, done } = await rows.next();
      if (!done) heads.push({ rows, row: value });
    });
    await Promise.all(opened);
  }
  while (heads.length > 0) {
    const head = heads.reduce((a, b) => (b.row.createdKey > a.row.createdKey ? b : a));
    yield head.row;
    const { value, done } = await head.rows.next();
    if (done) heads.splice(heads.indexOf(head), 1);
    else head.row = value;
  }
}

/** The rows of one key, to the end however many answers that takes: one has `answer` rows and 1 MB at most. */
export async function* rowsOf(
  { documents, table }: ListParts,
  key: string,
  { before, from = 0, until }: Span,
  answer: number,
): AsyncGenerator<ListedRow> {
  const least = String(from).padStart(15, '0');
  const most = [before, until === undefined ? undefined : String(until).padStart(15, '0')]
    .filter((end) => end !== undefined)
    .sort()[0];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: INDEX,
        KeyConditionExpression: 'listedAs = :key AND createdKey BETWEEN :least AND :most',
        ExpressionAttributeValues: { ':key': key, ':least': least, ':most': most ?? '~' },
        ScanIndexForward: false,
        Limit: answer,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    // BETWEEN has its ends in it, a page begins after the one before
    for (const row of z.array(listedRow).parse(page.Items ?? [])) if (row.createdKey !== most) yield row;
    start = page.LastEvaluatedKey;
  } while (start);
}

/** In the order of `ids`; without those that are gone, or in another state by now. */
async function readAll(
  { documents, table }: ListParts,
  ids: readonly string[],
  states: readonly TransferState[],
): Promise<Transfer[]> {
  const byId = new Map<string, Transfer>();
  for (let at = 0; at < ids.length; at += BATCH) {
    let keys: Record<string, unknown>[] = ids
      .slice(at, at + BATCH)
      .map((id) => ({ pk: `TRANSFER#${id}`, sk: 'TRANSFER' }));
    for (let tries = 0; keys.length > 0; tries += 1) {
      if (tries > 0) await sleep(Math.min(1_000, BUSY_MS * 2 ** tries));
      const request = { RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } };
      const { Responses, UnprocessedKeys } = await documents.send(new BatchGetCommand(request));
      for (const one of (Responses?.[table] ?? []).map(transferOfItem)) byId.set(one.id, one);
      keys = UnprocessedKeys?.[table]?.Keys ?? []; // an answer has 16 MB at most
    }
  }
  return ids.flatMap((id) => byId.get(id) ?? []).filter(({ state }) => states.includes(state));
}
