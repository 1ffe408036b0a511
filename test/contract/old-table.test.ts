import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { createTable } from '../../local/stack/relay-table.ts';
import { openDynamoStore } from '../../shared/records/dynamo-store.ts';
import { createdKey } from '../../shared/records/listed-row.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { newTransfer } from '../../shared/records/transfer.ts';
import { withDynamoDb } from '../kit/dynamo-client.ts';
import { OPTIONS, targetOf } from '../kit/relay-bed.ts';

const db = withDynamoDb();
test('transfers of a table made by version 0.1 are read, and listed once it is brought up to date', async () => {
  const [now] = tableDefinition('old').GlobalSecondaryIndexes ?? [];
  await db.client.send(
    new CreateTableCommand({
      ...tableDefinition('old'),
      AttributeDefinitions: ['pk', 'sk', 'state', 'createdKey'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byState',
          KeySchema: [
            { AttributeName: 'state', KeyType: 'HASH' },
            { AttributeName: 'createdKey', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  const documents = DynamoDBDocumentClient.from(db.client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const source = { kind: 's3', bucket: 'b', key: 'k', etag: 'e', size: 5, lastModified: 0 } as const;
  const old = newTransfer(source, targetOf('k'), OPTIONS, 1_000);
  const item = { pk: `TRANSFER#${old.id}`, sk: 'TRANSFER', createdKey: createdKey(old), ...old };
  await documents.send(new PutCommand({ TableName: 'old', Item: item }));
  const store = openDynamoStore({
    documents,
    table: 'old',
    clock: Date.now,
    newId: () => 'x',
    retentionDays: 1,
  });
  const read = await store.get(old.id);

  await createTable(db.client, 'old');
  await createTable(db.client, 'old');

  expect(now?.IndexName).not.toBe('byState');
  expect(read).toEqual(old);
  expect((await store.list('opening', 10)).transfers).toEqual([old]);
});
