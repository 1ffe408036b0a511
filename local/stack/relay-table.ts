import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { asError } from '../../shared/errors.ts';
import { listOldItems } from '../../shared/records/list-old-items.ts';
import { tableDefinition } from '../../shared/records/table.ts';

/** Makes the table, or finds it from an earlier run; one of an older version is made anew with all that was in it. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  const definition = tableDefinition(name);
  try {
    await client.send(new CreateTableCommand(definition));
    return;
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw asError(error);
  }
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  const wanted = definition.GlobalSecondaryIndexes?.[0]?.IndexName;
  if (Table?.GlobalSecondaryIndexes?.some(({ IndexName }) => IndexName === wanted)) return;

  // dynalite adds no index to a table that is there
  const documents = DynamoDBDocumentClient.from(client);
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateScan({ client: documents }, { TableName: name }))
    items.push(...(page.Items ?? []));
  await client.send(new DeleteTableCommand({ TableName: name }));
  await client.send(new CreateTableCommand(definition));
  for (const Item of items) await documents.send(new PutCommand({ TableName: name, Item }));
  await listOldItems(documents, name);
}
