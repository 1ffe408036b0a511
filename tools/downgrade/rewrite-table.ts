import { type DynamoDBDocumentClient, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { conditionHeld } from '../../shared/records/condition-held.ts';
import { isHeldAt, targetRecord } from '../../shared/records/target-record.ts';
import { transferOfItem } from '../../shared/records/transfer-item.ts';
import type { EpochMillis } from '../../shared/time.ts';
import { oldTarget, oldTransfer } from './old-items.ts';

/** What the table holds of one release or another. */
const row = z.looseObject({
  pk: z.string(),
  sk: z.enum(['TRANSFER', 'TARGET']),
  createdKey: z.string().optional(),
  revision: z.number(),
  expiresAt: z.number(),
});
type Row = z.infer<typeof row>;

/** Transfers that have not ended, and targets that a request may be under way to. */
export async function countUnderWay(
  documents: DynamoDBDocumentClient,
  table: string,
  now: EpochMillis,
): Promise<number> {
  let count = 0;
  for await (const item of rows(documents, table)) {
    const isUnderWay =
      item.sk === 'TRANSFER'
        ? ['opening', 'sending'].includes(transferOfItem(item).state)
        : isHeldAt(targetRecord.parse(item), now);
    if (isUnderWay) count += 1;
  }
  return count;
}

/**
 * Writes every transfer and target as version 0.1 reads it; resolves with how many. An item that changes meanwhile stays as it is: then
 * something is under way. To run it again does no harm.
 */
export async function rewriteTable(documents: DynamoDBDocumentClient, table: string): Promise<number> {
  let written = 0;
  for await (const item of rows(documents, table)) {
    const request = new PutCommand({
      TableName: table,
      Item: oldItem(item),
      ConditionExpression: 'revision = :seen',
      ExpressionAttributeValues: { ':seen': item.revision },
    });
    if (await conditionHeld(documents.send(request))) written += 1;
  }
  return written;
}

function oldItem(item: Row): Record<string, unknown> {
  const { pk, sk, createdKey, expiresAt } = item;
  const record = sk === 'TARGET' ? oldTarget(targetRecord.parse(item)) : oldTransfer(transferOfItem(item));
  return { pk, sk, ...(createdKey !== undefined && { createdKey }), ...record, expiresAt };
}

async function* rows(documents: DynamoDBDocumentClient, table: string): AsyncIterable<Row> {
  const scan = {
    TableName: table,
    FilterExpression: 'sk IN (:transfer, :target)',
    ExpressionAttributeValues: { ':transfer': 'TRANSFER', ':target': 'TARGET' },
  };
  for await (const page of paginateScan({ client: documents }, scan))
    yield* z.array(row).parse(page.Items ?? []);
}
