import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { openDynamoStore } from '../../shared/records/dynamo-store.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { withDynamoDb } from '../kit/dynamo-client.ts';

const MIB = 1_048_576;
const SIZE = 200.5 * MIB;
const db = withDynamoDb();
let tables = 0;
async function open() {
  const table = `table-${++tables}`;
  let now = 1_000;
  await db.client.send(new CreateTableCommand(tableDefinition(table)));
  const documents = DynamoDBDocumentClient.from(db.client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const store = openDynamoStore({
    documents,
    table,
    clock: () => now,
    newId: () => `${Math.random()}`,
    retentionDays: 1,
  });
  return {
    store,
    pass: (ms: number) => {
      now += ms;
    },
    rows: async () => (await documents.send(new ScanCommand({ TableName: table }))).Count,
  };
}
const slice = (at: number) => ({
  offset: at * MIB,
  length: Math.min(MIB, SIZE - at * MIB),
  session: 's',
  attempt: 1,
  sliceSize: MIB,
  size: SIZE,
});

test('an upload leaves a row for 64 slices, and a slice sent again and again leaves none more (A4)', async () => {
  const { store, rows } = await open();
  const send = async (at: number, md5: string) => {
    expect(await store.claimSlice('a', slice(at), md5, 60_000)).toBe('claimed');
    await store.noteSlice('a', slice(at), { md5, outcome: 'confirmed', sends: 1, verified: 1 });
  };
  for (let at = 0; at <= 200; at += 1) await send(at, `md5-${at}`);
  for (let again = 0; again < 100; again += 1) await send(7, 'md5-7');

  const records = await store.windows('a');
  const sum = (of: 'sentSlices' | 'resentSlices' | 'sentBytes' | 'md5Verified') =>
    records.reduce((total, record) => total + record[of], 0);
  expect(await rows()).toBe(4);
  expect(sum('sentSlices') - sum('resentSlices')).toBe(201);
  expect([sum('resentSlices'), sum('md5Verified')]).toEqual([100, 201]);
  expect(sum('sentBytes')).toBe(SIZE + 100 * MIB);
  expect(records.flatMap(({ confirmed }) => confirmed).reduce((all, { length }) => all + length, 0)).toBe(
    SIZE,
  );
});

test('other bytes are refused once a slice is confirmed, and wait while others are under way', async () => {
  const { store, pass } = await open();
  const claim = (md5: string, leaseMs = 60_000) => store.claimSlice('a', slice(3), md5, leaseMs);

  expect(await claim('one')).toBe('claimed');
  expect(await claim('one')).toBe('claimed');
  expect(await claim('two')).toBe('busy');
  pass(60_000);
  expect(await claim('two')).toBe('claimed'); // whoever sent the first died
  await store.noteSlice('a', slice(3), { md5: 'two', outcome: 'confirmed', sends: 1, verified: 1 });
  pass(1_000_000);
  expect(await claim('one')).toBe('other-bytes');
  expect(await claim('two')).toBe('claimed');
});

test('a claim of a clock that runs ahead holds nobody up for longer than a claim may', async () => {
  const { store, pass } = await open();
  pass(1_000_000_000);
  await store.claimSlice('a', slice(0), 'one', 60_000);
  pass(-999_000_000);

  expect(await store.claimSlice('a', slice(0), 'two', 60_000)).toBe('claimed');
});

test('a slice that arrived damaged is not confirmed, until it is', async () => {
  const { store } = await open();
  const note = (outcome: 'confirmed' | 'damaged') =>
    store.noteSlice('a', slice(5), {
      md5: 'one',
      outcome,
      sends: 1,
      verified: outcome === 'confirmed' ? 1 : 0,
    });
  await store.claimSlice('a', slice(5), 'one', 60_000);

  await note('confirmed');
  await note('damaged');
  const damaged = await store.windows('a');
  await note('confirmed');
  const sound = await store.windows('a');

  expect(damaged.flatMap((record) => record.damaged ?? [])).toEqual([{ offset: 5 * MIB, length: MIB }]);
  expect(damaged.flatMap(({ confirmed }) => confirmed)).toEqual([]);
  expect(sound.flatMap((record) => record.damaged ?? [])).toEqual([]);
  expect(sound.flatMap(({ confirmed }) => confirmed)).toEqual([{ offset: 5 * MIB, length: MIB }]);
});
