import { type DynamoDBDocumentClient, paginateScan, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { conditionHeld } from './condition-held.ts';
import { listedAs } from './listed-row.ts';
import { TRANSFER_STATES } from './transfer.ts';

const oldItem = z.object({ pk: z.string(), sk: z.string(), id: z.string(), state: z.enum(TRANSFER_STATES) });

/**
 * Puts the transfers that a version before 0.2 wrote into the index of today. The one scan there is: once, by hand, after an
 * upgrade. Resolves with how many there were; to run it again does no harm.
 */
export async function listOldItems(documents: DynamoDBDocumentClient, table: string): Promise<number> {
  let listed = 0;
  const old = {
    TableName: table,
    FilterExpression: 'sk = :transfer AND attribute_not_exists(listedAs)',
    ExpressionAttributeValues: { ':transfer': 'TRANSFER' },
  };
  for await (const page of paginateScan({ client: documents }, old)) {
    for (const { pk, sk, id, state } of z.array(oldItem).parse(page.Items ?? [])) {
      const request = new UpdateCommand({
        TableName: table,
        Key: { pk, sk },
        UpdateExpression: 'SET listedAs = :key',
        ConditionExpression: '#state = :state', // whoever changes the state writes the key too
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':key': listedAs({ state, id }), ':state': state },
      });
      if (await conditionHeld(documents.send(request))) listed += 1;
    }
  }
  return listed;
}
