import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../local/stack/dynamodb.ts';

/** A DynamoDB for the tests of this file or block, and a client of it: there from `beforeAll` on. */
export function withDynamoDb(start: () => Promise<DynamoDb> = () => startDynamoDb()): {
  readonly client: DynamoDBClient;
} {
  let db: DynamoDb;
  let client: DynamoDBClient;
  beforeAll(async () => {
    db = await start();
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    client = new DynamoDBClient({ endpoint: db.endpoint, region: 'us-east-1', credentials });
  });
  afterAll(async () => {
    client.destroy();
    await db.close();
  });
  return {
    get client() {
      return client;
    },
  };
}
