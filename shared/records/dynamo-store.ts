import { hash } from 'node:crypto';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Slice } from '../slices/slices.ts';
import { type Clock, toSeconds } from '../time.ts';
import { conditionHeld } from './condition-held.ts';
import { countTransfers } from './dynamo-count.ts';
import { listTransfers } from './dynamo-list.ts';
import { locksAndKeys } from './dynamo-locks.ts';
import { clientSlices, isSliceRow, recordsOf } from './dynamo-slices.ts';
import type { ChainRecord, TransferStore, WindowRecord } from './store.ts';
import { type Target, targetRecord } from './target-record.ts';
import type { Transfer } from './transfer.ts';
import { itemOfTransfer, transferOfItem } from './transfer-item.ts';

export type DynamoStoreParts = {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  /** Tells two rows of the same moment apart. */
  readonly newId: () => string;
  /** Records are kept this long after their last write, in days. */
  readonly retentionDays: number;
};

const MAX_NAME_BYTES = 1_024;

/** Nobody wrote it before. */
const NEVER_WRITTEN = 'attribute_not_exists(pk)';
/** Nobody wrote it since we read it. */
const UNCHANGED_SINCE_READ = 'revision = :seen';

const range = z.tuple([z.number(), z.number()]).transform(([offset, length]) => ({ offset, length }));
const windowItem = z.object({
  session: z.string(),
  attempt: z.number(),
  confirmed: z.array(range),
  sentSlices: z.number(),
  resentSlices: z.number(),
  sentBytes: z.number(),
  md5Verified: z.number(),
  damaged: z.array(range).optional(),
  span: range.optional(),
  began: z.number().optional(),
  heldBefore: z.array(range).optional(),
  at: z.number(),
});
const chainItem = z.object({
  sliceSize: z.number(),
  offset: z.number(),
  end: z.number(),
  states: z.instanceof(Uint8Array),
  saved: z.instanceof(Uint8Array),
});

const SEAL = { pk: 'SEAL', sk: 'SEAL' } as const;
const sealItem = z.object({ seal: z.string() });

/** One table: `TRANSFER#id` with its `WINDOW#…` and `CHAIN#…`, and `TARGET#name`; index `byStateAndShard` over the transfers. */
export function openDynamoStore({
  documents,
  table,
  clock,
  newId,
  retentionDays,
}: DynamoStoreParts): TransferStore {
  const TableName = table;
  const expiresAt = () => toSeconds(clock()) + retentionDays * 86_400;

  /** One conditional write; false if the condition did not hold. */
  const putIf = async (item: Record<string, unknown>, revision: number): Promise<boolean> => {
    const first = revision === 1;
    const put = new PutCommand({
      TableName,
      Item: { expiresAt: expiresAt(), ...item },
      ConditionExpression: first ? NEVER_WRITTEN : UNCHANGED_SINCE_READ,
      ...(!first && { ExpressionAttributeValues: { ':seen': revision - 1 } }),
    });
    return conditionHeld(documents.send(put));
  };

  const read = async (pk: string, sk: string): Promise<unknown> =>
    (await documents.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }))).Item;

  async function* childPages(pk: string, prefix: string): AsyncGenerator<unknown[]> {
    const query = {
      TableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ConsistentRead: true,
    };
    for await (const { Items = [] } of paginateQuery({ client: documents }, query)) yield Items;
  }

  const get = async (id: string): Promise<Transfer | undefined> => {
    const item = await read(`TRANSFER#${id}`, 'TRANSFER');
    return item === undefined ? undefined : transferOfItem(item);
  };

  return {
    async create(made) {
      if (await putIf(itemOfTransfer(made), 1)) return { won: true };
      const existing = await get(made.id);
      // gone in between: it expired, so the next call is the first one again
      return existing ? { won: false, existing } : this.create(made);
    },
    async seal() {
      const made = { ...SEAL, seal: `${newId()}${newId()}`, expiresAt: undefined };
      const found = await read(SEAL.pk, SEAL.sk);
      if (found === undefined && (await putIf(made, 1))) return made.seal;
      return sealItem.parse(found ?? (await read(SEAL.pk, SEAL.sk))).seal;
    },
    get,
    replace: (next) => putIf(itemOfTransfer(next), next.revision),

    async getTarget(name) {
      const item = await read(targetKey(name), 'TARGET');
      return item === undefined ? undefined : targetRecord.parse(item);
    },
    replaceTarget: (next) => putIf(targetItem(next), next.revision),
    ...locksAndKeys({ documents, table, clock, expiresAt }),

    async addWindow(id, record, row = newId()) {
      await documents.send(
        new PutCommand({ TableName, Item: { ...windowRow(id, record, row), expiresAt: expiresAt() } }),
      );
    },
    ...clientSlices({ documents, table, clock, expiresAt }),
    async windows(id) {
      const records: WindowRecord[] = [];
      // page by page: the rows of a client's upload of 256 GiB are some thirty times their records
      for await (const items of childPages(`TRANSFER#${id}`, 'WINDOW#'))
        for (const item of items)
          records.push(...(isSliceRow(item) ? recordsOf(item) : [windowItem.parse(item)]));
      return records;
    },

    async addChain(id, record) {
      await documents.send(
        new PutCommand({ TableName, Item: { ...chainRow(id, record), expiresAt: expiresAt() } }),
      );
    },
    async chain(id) {
      const records: ChainRecord[] = [];
      for await (const items of childPages(`TRANSFER#${id}`, 'CHAIN#'))
        records.push(...z.array(chainItem).parse(items));
      return records;
    },

    count: (states, span) => countTransfers({ documents, table }, states, span),
    list: (states, limit, before, filter) =>
      listTransfers({ documents, table }, [states].flat(), { limit, before, ...filter }),
  };
}

const targetItem = (of: Target) => ({ pk: targetKey(of.name), sk: 'TARGET', ...of });

/** A path that outgrows a key of DynamoDB (2,048 bytes) is known by its hash. */
const targetKey = (name: string): string =>
  Buffer.byteLength(name) <= MAX_NAME_BYTES ? `TARGET#${name}` : `TARGET#sha256:${hash('sha256', name)}`;

const pair = ({ offset, length }: Slice) => [offset, length];

const windowRow = (id: string, record: WindowRecord, unique: string) => ({
  pk: `TRANSFER#${id}`,
  sk: `WINDOW#${String(record.began ?? record.at).padStart(15, '0')}#${unique}`,
  ...record,
  confirmed: record.confirmed.map(pair),
  ...(record.damaged && { damaged: record.damaged.map(pair) }),
  ...(record.span && { span: pair(record.span) }),
  ...(record.heldBefore && { heldBefore: record.heldBefore.map(pair) }),
});

const chainRow = (id: string, record: ChainRecord) => ({
  pk: `TRANSFER#${id}`,
  sk: `CHAIN#${String(record.offset).padStart(15, '0')}`,
  ...record,
});
