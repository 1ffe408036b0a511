import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Clock, type EpochMillis, toSeconds } from '../time.ts';
import { conditionHeld } from './condition-held.ts';

/** How many bytes may begin to leave in a day of UTC. */
export type EgressBudget = {
  /** False if the day's budget is used up: what is to be sent then begins the next day. */
  take(bytes: number): Promise<boolean>;
  /** What was taken and is not sent is there for whoever begins next in this process. */
  giveBack(bytes: number): void;
  /** When the day is over. */
  until(): EpochMillis;
};

export type EgressBudgetParts = {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly bytesPerDay: number;
};

const DAY_MS = 86_400_000;
/** A process that was told no asks again after this, in ms: somebody may have raised the budget. */
const ASK_AGAIN_MS = 60_000;
/** A process takes so much at a time, as small objects need it: one item takes 1,000 writes a second. */
const BLOCK = { most: 67_108_864, share: 10_000 };
/** The one that crosses the line may still begin: an object larger than the budget would never. */
const NOT_USED_UP = 'attribute_not_exists(bytesTaken) OR bytesTaken < :budget';

/** Item `BUDGET#2026-11-25` / `EGRESS` for each day: one atomic counter. */
export function openEgressBudget({ documents, table, clock, bytesPerDay }: EgressBudgetParts): EgressBudget {
  const block = Math.min(BLOCK.most, Math.floor(bytesPerDay / BLOCK.share));
  let today = { day: -1, left: 0, askAt: 0 };

  const takeFromTable = async (day: number, bytes: number): Promise<boolean> => {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const add = new UpdateCommand({
      TableName: table,
      Key: { pk: `BUDGET#${date}`, sk: 'EGRESS' },
      UpdateExpression: 'ADD bytesTaken :bytes SET expiresAt = :end',
      ConditionExpression: NOT_USED_UP,
      ExpressionAttributeValues: {
        ':bytes': bytes,
        ':budget': bytesPerDay,
        ':end': toSeconds((day + 8) * DAY_MS),
      },
    });
    return conditionHeld(documents.send(add));
  };

  const current = () => {
    const day = Math.floor(clock() / DAY_MS);
    if (today.day !== day) today = { day, left: 0, askAt: 0 };
    return today;
  };

  return {
    async take(bytes) {
      const own = current();
      if (bytes <= own.left) {
        own.left -= bytes;
        return true;
      }
      if (clock() < own.askAt) return false;
      const kept = own.left;
      own.left = 0; // others of this process take meanwhile
      const more = Math.max(bytes - kept, block);
      const isTaken = await takeFromTable(own.day, more);
      own.left += isTaken ? kept + more - bytes : kept;
      if (!isTaken) own.askAt = clock() + ASK_AGAIN_MS;
      return isTaken;
    },
    giveBack(bytes) {
      current().left += bytes;
    },
    until: () => (Math.floor(clock() / DAY_MS) + 1) * DAY_MS,
  };
}
