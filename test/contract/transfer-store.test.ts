import { randomUUID } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../local/stack/dynamodb.ts';
import { openDynamoStore } from '../../shared/records/dynamo-store.ts';
import type { ListedRow } from '../../shared/records/listed-row.ts';
import type { ChainRecord, TransferCounts, TransferStore, WindowRecord } from '../../shared/records/store.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import type { Target } from '../../shared/records/target-record.ts';
import { newTransfer, type Opening, toEnded, toSending } from '../../shared/records/transfer.ts';
import { withDynamoDb } from '../kit/dynamo-client.ts';
import { noDynoxide, startDynoxide } from '../kit/dynoxide.ts';
import { OPTIONS, targetOf } from '../kit/relay-bed.ts';

const opening = (key: string, now = 1): Opening => {
  const source = { kind: 's3', bucket: 'b', key, etag: 'e', size: 5, lastModified: 0 } as const;
  return newTransfer(source, targetOf(key), OPTIONS, now);
};

const targetRecord = (name: string, revision: number, transferId = 'a'): Target => ({
  name,
  owner: { transferId, sourceName: 's3:b/k' },
  active: true,
  orphans: [],
  revision,
});

const window = (offset: number, more: Partial<WindowRecord> = {}): WindowRecord => ({
  session: 's',
  attempt: 1,
  confirmed: [{ offset, length: 10 }],
  sentSlices: 1,
  resentSlices: 0,
  sentBytes: 10,
  md5Verified: 1,
  at: 5,
  ...more,
});

function transferStoreSuite(name: string, start: () => Promise<DynamoDb>): void {
  describe(`TransferStore: ${name}`, () => {
    const db = withDynamoDb(start);
    let tables = 0;
    const open = async (): Promise<TransferStore> => (await openWithItems()).store;

    /** `put` writes an item of a target as it stands. */
    const openWithItems = async () => {
      tables += 1;
      const table = `relay-${tables}`;
      await db.client.send(new CreateTableCommand(tableDefinition(table)));
      const marshallOptions = { removeUndefinedValues: true };
      const documents = DynamoDBDocumentClient.from(db.client, { marshallOptions });
      const store: TransferStore = openDynamoStore({
        documents,
        table,
        clock: Date.now,
        newId: randomUUID,
        retentionDays: 1,
      });
      const put = (item: { readonly name: string; readonly [field: string]: unknown }) =>
        documents.send(
          new PutCommand({ TableName: table, Item: { pk: `TARGET#${item.name}`, sk: 'TARGET', ...item } }),
        );
      return { store, put };
    };

    test('of many creates of one transfer exactly one wins, and the others are shown it', async () => {
      const store = await open();
      const makers = Array.from({ length: 20 }, (_, now) => opening('a', now));

      const claims = await Promise.all(makers.map((one) => store.create(one)));

      const winner = makers[claims.findIndex(({ won }) => won)];
      expect(claims.filter(({ won }) => won)).toHaveLength(1);
      for (const claim of claims) if (!claim.won) expect(claim.existing).toEqual(winner);
    });

    test('a first change writes a transfer down that nobody knew, once', async () => {
      const store = await open();
      const first = opening('a');

      const results = await Promise.all([store.replace(first), store.replace(first), store.replace(first)]);

      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.get(first.id)).toEqual(first);
      expect(await store.create(first)).toEqual({ won: false, existing: first });
    });

    test('a replace loses when somebody wrote since it was read', async () => {
      const store = await open();
      const first = opening('a');
      await store.create(first);

      const results = await Promise.all(
        ['x', 'y', 'z'].map((session) =>
          store.replace({ ...toSending(first, { session, sliceSize: 1, serial: false }, 2), revision: 2 }),
        ),
      );

      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.get(first.id)).toMatchObject({ state: 'sending', revision: 2 });
      expect(await store.replace({ ...first, revision: 1 })).toBe(false);
    });

    test('a target is written by one of many who read the same revision, the first one too', async () => {
      const store = await open();

      const first = await Promise.all(['a', 'b'].map((id) => store.replaceTarget(targetRecord('t', 1, id))));
      const second = await Promise.all(['c', 'd'].map((id) => store.replaceTarget(targetRecord('t', 2, id))));

      expect(first.filter(Boolean)).toHaveLength(1);
      expect(second.filter(Boolean)).toHaveLength(1);
      expect((await store.getTarget('t'))?.revision).toBe(2);
    });

    test('a path that outgrows a key of the table is a target like any other', async () => {
      const store = await open();
      const [long, other] = ['大'.repeat(1_300), `${'大'.repeat(1_299)}小`];

      await store.replaceTarget(targetRecord(long, 1, 'a'));
      await store.replaceTarget(targetRecord(other, 1, 'b'));

      expect((await store.getTarget(long))?.owner.transferId).toBe('a');
      expect((await store.getTarget(other))?.owner.transferId).toBe('b');
    });

    test('of many who take a lock one has it, until it is given back', async () => {
      const store = await open();
      const until = Date.now() + 60_000;
      const take = (by: string) => store.lock({ name: 'open:a', by, until });

      const first = await Promise.all(['a', 'b', 'c'].map(take));
      const winner = 'abc'[first.indexOf(true)] ?? '';
      await store.unlock({ name: 'open:a', by: 'somebody else', until });
      const second = await take('d');
      await store.unlock({ name: 'open:a', by: winner, until });
      const third = await take('e');

      expect([first.filter(Boolean).length, second, third]).toEqual([1, false, true]);
    });

    test('a lock of somebody who died is taken when its time is over, and its return comes too late', async () => {
      const store = await open();
      const dead = { name: 'open:a', by: 'dead', until: Date.now() - 1 };
      const alive = { name: 'open:a', by: 'alive', until: Date.now() + 60_000 };
      await store.lock(dead);

      const taken = await store.lock(alive);
      await store.unlock(dead);

      expect([taken, await store.lock({ ...alive, by: 'late' })]).toEqual([true, false]);
    });

    test('of many claims of one key exactly one wins, and the others are shown what it stands for', async () => {
      const store = await open();
      const keys = ['a', 'b', 'c'].map((transferId) => ({
        name: 'key:k',
        asked: `asked-${transferId}`,
        transferId,
      }));

      const claims = await Promise.all(keys.map((key) => store.claimKey(key)));

      const winner = keys[claims.findIndex(({ won }) => won)];
      expect(claims.filter(({ won }) => won)).toHaveLength(1);
      for (const claim of claims) if (!claim.won) expect(claim.existing).toEqual(winner);
      expect(await store.getKey('key:k')).toEqual(winner);
    });

    test('keys and locks that the version before kept as targets still count', async () => {
      const { store, put } = await openWithItems();
      const lock = { name: 'open:a', by: 'me', until: Date.now() + 60_000 };
      const before = { transferId: 'open:a', sourceName: 'lease', active: true };
      const asked = { transferId: 'one', sourceName: 'asked', active: false };
      await put({ name: 'key:k', owner: asked, revision: 1 });
      await put({
        name: 'lease:open:a',
        owner: { ...before, leaseUntil: Date.now() + 60_000 },
        revision: 1,
      });
      await put({ name: 'lease:open:b', owner: { ...before, active: false }, revision: 2 });

      const known = { name: 'key:k', asked: 'asked', transferId: 'one' };
      expect(await store.getKey('key:k')).toEqual(known);
      expect(await store.claimKey({ ...known, transferId: 'two' })).toEqual({ won: false, existing: known });
      expect([await store.lock(lock), await store.lock({ ...lock, name: 'open:b' })]).toEqual([false, true]);
    });

    test('what was never written is not there', async () => {
      const store = await open();

      expect(await store.get('nobody')).toBeUndefined();
      expect(await store.getTarget('nothing')).toBeUndefined();
      expect(await store.windows('nobody')).toEqual([]);
      expect(await store.chain('nobody')).toEqual([]);
    });

    test('transfers of a state are listed newest first, page by page, each one once', async () => {
      const store = await open();
      const made = Array.from({ length: 7 }, (_, index) => opening(`k${index}`, 1_000 + (index >> 1)));
      for (const one of made) await store.create(one);
      const failed = {
        ...toEnded(opening('other', 9_999), 'failed', { error: 'E', message: 'm' }),
        revision: 2,
      };
      await store.create(opening('other', 9_999));
      await store.replace(failed);

      const pages: string[][] = [];
      let before: string | undefined;
      do {
        const page = await store.list('opening', 3, before);
        pages.push(page.transfers.map(({ id }) => id));
        before = page.next;
      } while (before !== undefined);

      const listed = pages.flat();
      expect(pages[0]).toHaveLength(3);
      expect(new Set(listed)).toEqual(new Set(made.map(({ id }) => id)));
      expect(listed).toHaveLength(7);
      const times = listed.map((id) => made.find((one) => one.id === id)?.createdAt ?? 0);
      expect(times).toEqual([...times].sort((a, b) => b - a));
      expect((await store.list('failed', 3)).transfers).toEqual([failed]);
    });

    test('counts are of all states and of all there are, however few rows a call reads', async () => {
      const store = await open();
      for (let at = 0; at < 9; at += 1) await store.create(opening(`k${at}`, 1_000 + at));
      const ended = { ...toEnded(opening('k0', 1_000), 'failed', { error: 'E', message: 'm' }), revision: 2 };
      await store.replace(ended);
      const states = ['opening', 'sending', 'failed'] as const;

      const whole = await store.count(states, {});
      const some = await store.count(states, {
        until: 1_005,
        admits: ({ createdKey }) => createdKey > '000000000001003',
      });
      const sums = new Map<string, number>();
      let [calls, before]: [number, string | undefined] = [0, undefined];
      do {
        const page: TransferCounts = await store.count(states, { before, most: 2 });
        for (const [state, count] of page.counts) sums.set(state, (sums.get(state) ?? 0) + count);
        before = page.next;
        calls += 1;
      } while (before !== undefined);

      expect(whole).toEqual({
        counts: new Map([
          ['opening', 8],
          ['failed', 1],
        ]),
      });
      expect(some.counts).toEqual(new Map([['opening', 2]]));
      expect(sums).toEqual(whole.counts);
      expect(calls).toBe(5);
    });

    test('a list goes on to its end, however large the transfers are (A2)', async () => {
      const store = await open();
      const made = Array.from({ length: 150 }, (_, index) => {
        const begun = opening(`k${index}`, 1_000 + index);
        const why = { error: 'E', message: 'm'.repeat(12_000) };
        return { ...toEnded(begun, 'failed', why), revision: 1 };
      });
      for (const one of made) await store.create(one);

      const first = await store.list('failed', 100);
      const second = await store.list('failed', 100, first.next);
      // the ten oldest: one call looks at all that come before them, in more than one answer of the table
      const admits = ({ source }: ListedRow) => source.kind === 's3' && /^k\d$/.test(source.key);
      const oldest = await store.list('failed', 10, undefined, { admits });

      expect(oldest.transfers.map(({ createdAt }) => createdAt - 1_000)).toEqual([
        9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
      ]);
      expect(first.transfers).toHaveLength(100);
      expect([...first.transfers, ...second.transfers].map(({ id }) => id)).toEqual(
        made.map(({ id }) => id).reverse(),
      );
      expect(second.next).toBeUndefined();
    });

    test('a list keeps to its times and to what it is asked to admit, and says where it goes on', async () => {
      const store = await open();
      const made = Array.from({ length: 30 }, (_, index) => opening(`${index % 3}/k${index}`, 1_000 + index));
      for (const one of made) await store.create(one);
      const admits = ({ source }: ListedRow) => source.kind === 's3' && source.key.startsWith('1/');

      const first = await store.list(['opening', 'failed'], 4, undefined, {
        from: 1_005,
        until: 1_025,
        admits,
      });
      const rest = await store.list(['opening', 'failed'], 10, first.next, {
        from: 1_005,
        until: 1_025,
        admits,
      });

      const listed = [...first.transfers, ...rest.transfers].map(({ createdAt }) => createdAt);
      expect(listed).toEqual([1_022, 1_019, 1_016, 1_013, 1_010, 1_007]);
      expect(first.transfers).toHaveLength(4);
    });

    test('windows come back as they were written, with the slices that arrived damaged', async () => {
      const store = await open();
      const records = [window(0), window(10, { at: 6, damaged: [{ offset: 20, length: 10 }] })];

      for (const record of records) await store.addWindow('t', record);

      expect(await store.windows('t')).toEqual(records);
    });

    test('two windows of the same moment are both kept', async () => {
      const store = await open();

      await Promise.all([store.addWindow('t', window(0)), store.addWindow('t', window(10))]);

      expect(await store.windows('t')).toHaveLength(2);
    });

    test('more windows than one answer of DynamoDB holds are all read', async () => {
      const store = await open();
      // 20 KB each: a Query answers at most 1 MB
      const session = 's'.repeat(20_000);
      const records = Array.from({ length: 80 }, (_, at) => window(at, { at, session }));
      for (let from = 0; from < records.length; from += 20)
        await Promise.all(records.slice(from, from + 20).map((record) => store.addWindow('t', record)));

      const read = await store.windows('t');

      expect(read.map(({ at }) => at)).toEqual(records.map(({ at }) => at));
      expect(read[79]).toMatchObject({ session });
    });

    test('stretches of a chain come back in the order of their offsets, byte for byte', async () => {
      const store = await open();
      const stretch = (offset: number, fill: number): ChainRecord => ({
        sliceSize: 524_288,
        offset,
        end: offset + 10,
        states: new Uint8Array(200_000).fill(fill),
        saved: Uint8Array.from([fill, 1, 2]),
      });
      const records = [stretch(10_000_000_000, 3), stretch(0, 1), stretch(20, 2)];

      for (const record of records) await store.addChain('t', record);

      const chain = await store.chain('t');
      expect(chain.map(({ offset }) => offset)).toEqual([0, 20, 10_000_000_000]);
      expect(chain.map(({ states }) => [states.length, states[0]])).toEqual([
        [200_000, 1],
        [200_000, 2],
        [200_000, 3],
      ]);
    });
  });
}

transferStoreSuite('dynalite', () => startDynamoDb());
if (noDynoxide === undefined) transferStoreSuite('dynoxide', startDynoxide);
else test.skip(`TransferStore: dynoxide (${noDynoxide})`, () => undefined);
