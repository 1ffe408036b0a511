import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { tableDefinition } from '../../shared/records/table.ts';
import { type Target, targetRecord } from '../../shared/records/target-record.ts';
import { transferOfItem } from '../../shared/records/transfer-item.ts';
import { oldTarget } from '../../tools/downgrade/old-items.ts';
import { countUnderWay, rewriteTable } from '../../tools/downgrade/rewrite-table.ts';
import { withDynamoDb } from '../kit/dynamo-client.ts';
import first from '../vectors/release-0.1.0.json' with { type: 'json' };
import second from '../vectors/release-0.2.0.json' with { type: 'json' };

type Item = { readonly pk: string; readonly sk: string; readonly [name: string]: unknown };

const db = withDynamoDb();
const byKey = (one: Item, other: Item) => `${one.pk}${one.sk}`.localeCompare(`${other.pk}${other.sk}`);

async function tableWith(name: string, items: readonly Item[]) {
  await db.client.send(new CreateTableCommand(tableDefinition(name)));
  const documents = DynamoDBDocumentClient.from(db.client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  for (const Item of items) await documents.send(new PutCommand({ TableName: name, Item }));
  const all = async () => {
    const { Items = [] } = await documents.send(new ScanCommand({ TableName: name }));
    return (Items as Item[]).sort(byKey); // what was put
  };
  return { documents, all };
}

const one = (items: readonly Item[], sk: string): Item => {
  const found = items.find((item) => item.sk === sk);
  if (found === undefined) throw new Error(`no ${sk}`);
  return found;
};
/** What an item is made of, level by level: version 0.1 read nothing else. */
const shape = (of: unknown): unknown =>
  typeof of === 'object' && of !== null && !Array.isArray(of)
    ? Object.fromEntries(Object.entries(of).map(([name, value]) => [name, shape(value)]))
    : typeof of;

test('what this release stored is written in the form of 0.1.0, and read by both', async () => {
  const { documents, all } = await tableWith('stored', second.stored as Item[]);
  const before = await all();

  const written = [await rewriteTable(documents, 'stored'), await rewriteTable(documents, 'stored')];

  const after = await all();
  expect(written).toEqual([2, 2]);
  const { metadata: _, ...itsTransfer } = one(first.stored as Item[], 'TRANSFER');
  const { deleted: __, ...itsTarget } = one(first.stored as Item[], 'TARGET');
  expect(shape(one(after, 'TRANSFER'))).toMatchObject(shape(itsTransfer) as object);
  expect(shape(one(after, 'TARGET'))).toMatchObject(shape(itsTarget) as object);
  const { metadata: ___, ...transfer } = transferOfItem(one(before, 'TRANSFER'));
  expect(transferOfItem(one(after, 'TRANSFER'))).toEqual(transfer);
  expect(targetRecord.parse(one(after, 'TARGET'))).toMatchObject({
    owner: targetRecord.parse(one(before, 'TARGET')).owner,
    file: { state: 'stored', size: 2_621_449 },
  });
  expect(after.filter(({ sk }) => sk.startsWith('WINDOW'))).toEqual(
    before.filter(({ sk }) => sk.startsWith('WINDOW')),
  );
});

test('what is under way is counted, and what has ended is not', async () => {
  const sending = await tableWith('sending', second.sending as Item[]);
  const stored = await tableWith('ended', second.stored as Item[]);

  expect(await countUnderWay(sending.documents, 'sending', 0)).toBe(1);
  expect(await countUnderWay(stored.documents, 'ended', 0)).toBe(0);
});

const session = { session: 's', serial: false, openedAt: 5 };
const facts = { transferId: 't', size: 9, overwrite: true, restarted: true, replaces: { size: 3 } };
const TARGETS: readonly (readonly [name: string, of: Partial<Target>])[] = [
  ['a hold', { hold: { until: 7, by: 'a call' } }],
  ['an upload that is open', { upload: { state: 'open', ...facts, ...session } }],
  ['an upload that was spoiled', { upload: { state: 'spoiled', ...facts, ...session } }],
  [
    'an upload that is opened anew',
    { upload: { state: 'opening', ...facts, inits: [0], before: { state: 'open', ...session } } },
  ],
  ['an upload without an answer', { upload: { state: 'opening', ...facts, inits: [0] } }],
  ['a file that somebody may have changed', { file: { state: 'unknown' } }],
  ['a file', { file: { state: 'stored', transferId: 't', sourceName: 's3:b/k', etag: 'e', size: 9 } }],
  ['a deletion', { file: { state: 'deleted', transferId: 't' } }],
  ['sessions that nobody wants', { orphans: [{ session: 's', size: 9 }, { size: 8 }] }],
];

test.each(TARGETS)('a target with %s says the same in the form of 0.1.0', (_, of) => {
  const owner = { transferId: 't', sourceName: 's3:b/k', etag: 'e', sequencer: '1' };
  const target: Target = { name: 'n', owner, active: false, orphans: [], revision: 4, ...of };

  const old = oldTarget(target);

  expect(old).not.toHaveProperty('active'); // that is how the two forms are told apart
  expect(targetRecord.parse(old)).toEqual(target);
});
