import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startDynamoDb } from '../../local/stack/dynamodb.ts';

const TableName = 'notes';
const note = { id: { S: 'a' }, text: { S: 'kept' } };

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  onTestFinished(() => client.destroy());
  return client;
}

async function writeNote(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  await client.send(new PutItemCommand({ TableName, Item: note }));
}

const readNote = async (client: DynamoDBClient) =>
  (await client.send(new GetItemCommand({ TableName, Key: { id: note.id } }))).Item;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'dynamodb-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

describe('embedded DynamoDB', () => {
  test('a table is usable as soon as it is created', async () => {
    const db = await startDynamoDb({ dataDir: await folder() });
    const client = clientOf(db.endpoint);

    for (let count = 0; count < 20; count += 1) {
      await writeNote(client); // right behind CreateTable
      await client.send(new DeleteTableCommand({ TableName }));
      await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 10 }, { TableName });
    }

    await db.close();
  });

  test('in memory it serves at once and closes though a client keeps its sockets open', async () => {
    const db = await startDynamoDb();
    const client = clientOf(db.endpoint);
    await writeNote(client);
    expect(await readNote(client)).toEqual(note);

    const began = performance.now();
    await db.close();

    expect(performance.now() - began).toBeLessThan(30_000); // a minute, if it waited until the client lets go

    await expect(readNote(client)).rejects.toThrow();
  });

  test('a folder keeps what was written', async () => {
    const dataDir = join(await folder(), 'not/there/yet');
    const first = await startDynamoDb({ dataDir });
    await writeNote(clientOf(first.endpoint));
    await first.close();

    const second = await startDynamoDb({ dataDir });

    expect(await readNote(clientOf(second.endpoint))).toEqual(note);
    await second.close();
  });

  test('a folder in use is refused by name, and its owner goes on', async () => {
    const dataDir = await folder();
    const first = await startDynamoDb({ dataDir });

    await expect(startDynamoDb({ dataDir })).rejects.toThrow(`${dataDir} is in use by another process`);

    await writeNote(clientOf(first.endpoint));
    await first.close();
  });
});

test('a table on disk whose lists are read page by page holds no more memory afterwards', async () => {
  const db = await startDynamoDb({ dataDir: await folder() });
  onTestFinished(db.close);
  const client = clientOf(db.endpoint);
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'page', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'page', AttributeType: 'N' },
      ],
    }),
  );
  for (let page = 0; page < 60; page += 1)
    await client.send(
      new PutItemCommand({
        TableName,
        Item: { ...note, text: { S: 'x'.repeat(500) }, page: { N: `${page}` } },
      }),
    );
  const query = new QueryCommand({
    TableName,
    KeyConditionExpression: 'id = :id',
    ExpressionAttributeValues: { ':id': note.id },
    Limit: 10,
  });
  const list = async (times: number) => {
    for (let call = 0; call < times; call += 1) await client.send(query);
    return heldBytes();
  };

  const before = await list(200);
  const after = await list(800);

  expect(after - before).toBeLessThan(3_000_000); // each iterator left open holds about 10 kB of the heap
});

/** What the heap holds once nothing is left to collect, in bytes. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
