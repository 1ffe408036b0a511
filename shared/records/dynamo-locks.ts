import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Clock, EpochSeconds } from '../time.ts';
import { conditionHeld } from './condition-held.ts';
import type { IdempotencyKey, TransferStore } from './store.ts';

/** Nobody has it. */
const FREE = 'attribute_not_exists(pk)';
/** Whoever had it died: TTL deletes late, so the clock is asked too. */
const EXPIRED = '#until <= :now';
/** Nobody took it from us meanwhile. */
const STILL_OURS = '#by = :by';
/** The key stands for nothing yet. */
const NEVER_CLAIMED = 'attribute_not_exists(pk)';

const keyItem = z.object({ name: z.string(), asked: z.string(), transferId: z.string() });
/** The version before kept keys and locks as targets: `sourceName` held what was asked for. */
const keyBefore = z.object({ owner: z.object({ transferId: z.string(), sourceName: z.string() }) });
const lockBefore = z.object({ owner: z.object({ active: z.boolean(), leaseUntil: z.number().optional() }) });

export type LockParts = {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly expiresAt: () => EpochSeconds;
};

/** Locks (`LOCK#name`) and idempotency keys (`KEY#name`), items of their own type. */
export function locksAndKeys({
  documents,
  table: TableName,
  clock,
  expiresAt,
}: LockParts): Pick<TransferStore, 'lock' | 'unlock' | 'claimKey' | 'getKey'> {
  const read = async (pk: string, sk: string): Promise<unknown> =>
    (await documents.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }))).Item;

  const keyAsBefore = async (name: string): Promise<IdempotencyKey | undefined> => {
    const before = await read(`TARGET#${name}`, 'TARGET');
    if (before === undefined) return undefined;
    const { transferId, sourceName: asked } = keyBefore.parse(before).owner;
    return { name, asked, transferId };
  };

  const getKey = async (name: string): Promise<IdempotencyKey | undefined> => {
    const item = await read(`KEY#${name}`, 'KEY');
    return item === undefined ? keyAsBefore(name) : keyItem.parse(item);
  };

  const isHeldAsBefore = async (name: string): Promise<boolean> => {
    const before = await read(`TARGET#lease:${name}`, 'TARGET');
    if (before === undefined) return false;
    const { active, leaseUntil = 0 } = lockBefore.parse(before).owner;
    return active && leaseUntil > clock();
  };

  return {
    async lock({ name, by, until }) {
      if (await isHeldAsBefore(name)) return false;
      const put = new PutCommand({
        TableName,
        Item: { pk: `LOCK#${name}`, sk: 'LOCK', name, by, until, expiresAt: expiresAt() },
        ConditionExpression: `${FREE} OR ${EXPIRED}`,
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':now': clock() },
      });
      return conditionHeld(documents.send(put));
    },
    async unlock({ name, by }) {
      const give = new PutCommand({
        TableName,
        Item: { pk: `LOCK#${name}`, sk: 'LOCK', name, by, until: 0, expiresAt: expiresAt() },
        ConditionExpression: STILL_OURS,
        ExpressionAttributeNames: { '#by': 'by' },
        ExpressionAttributeValues: { ':by': by },
      });
      await conditionHeld(documents.send(give));
    },
    getKey,
    async claimKey(key) {
      const before = await keyAsBefore(key.name);
      if (before) return { won: false, existing: before };
      const put = new PutCommand({
        TableName,
        Item: { pk: `KEY#${key.name}`, sk: 'KEY', ...key, expiresAt: expiresAt() },
        ConditionExpression: NEVER_CLAIMED,
      });
      for (;;) {
        if (await conditionHeld(documents.send(put))) return { won: true };
        const existing = await getKey(key.name);
        if (existing) return { won: false, existing }; // otherwise it expired in between: claim it again
      }
    },
  };
}
