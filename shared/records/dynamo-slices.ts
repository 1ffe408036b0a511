import { hash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { mergeRanges } from '../slices/slices.ts';
import type { Clock, EpochSeconds } from '../time.ts';
import type { ClientSlice, TransferStore, WindowRecord } from './store.ts';

/** A row has so many neighbouring slices: under 2 KB, and 4,096 rows for 262,144 slices however often each is sent. */
const SLICES_A_ROW = 64;
/** What was confirmed within this time of each other is one record, in ms. */
const TOGETHER_MS = 60_000;

/** Nothing was confirmed there, or these very bytes were. */
const SAME_BYTES = '(attribute_not_exists(#m) OR #m = :md5)';
/** Nobody sends other bytes there; a claim that ends later than any may comes from a wrong clock. */
const UNCLAIMED = '(attribute_not_exists(#c) OR #c = :md5 OR #u <= :now OR #u > :most)';

/** Of slice n of a row: m its confirmed MD5, t when, d when it arrived damaged, c and u who claims it and until when. */
const sliceRow = z.looseObject({
  session: z.string(),
  attempt: z.number(),
  first: z.number(),
  sliceSize: z.number(),
  size: z.number(),
  sends: z.number().default(0),
  sentBytes: z.number().default(0),
  verified: z.number().default(0),
});
export const isSliceRow = (item: unknown): boolean =>
  z.object({ sends: z.number().optional(), first: z.number() }).safeParse(item).success;

export type SliceParts = {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly expiresAt: () => EpochSeconds;
};

type SliceStore = Pick<TransferStore, 'claimSlice' | 'noteSlice'>;

/** What clients sent, slice by slice: `WINDOW#~session#row` beside the windows of workers. */
export function clientSlices({ documents, table, clock, expiresAt }: SliceParts): SliceStore {
  return {
    async claimSlice(id, slice, md5, leaseMs) {
      const { key, names, facts } = placeOf(id, slice);
      const now = clock();
      const request = new UpdateCommand({
        TableName: table,
        Key: key,
        UpdateExpression: `SET ${facts.set}, #c = :md5, #u = :until, expiresAt = :expires`,
        ConditionExpression: `${SAME_BYTES} AND ${UNCLAIMED}`,
        ExpressionAttributeNames: { ...facts.names, '#m': names.m, '#c': names.c, '#u': names.u },
        ExpressionAttributeValues: {
          ...facts.values,
          ':md5': md5,
          ':now': now,
          ':until': now + leaseMs,
          ':most': now + 2 * leaseMs,
          ':expires': expiresAt(),
        },
      });
      try {
        await documents.send(request);
        return 'claimed';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const { Item } = await documents.send(
          new GetCommand({ TableName: table, Key: key, ConsistentRead: true }),
        );
        const known: unknown = Item?.[names.m];
        return known !== undefined && known !== md5 ? 'other-bytes' : 'busy';
      }
    },
    async noteSlice(id, slice, { md5, outcome, sends, verified }) {
      const { key, names } = placeOf(id, slice);
      const changed = {
        confirmed: `SET #m = :md5, #t = :now REMOVE #d, #c, #u`,
        damaged: `SET #d = :now REMOVE #m, #t`,
        unknown: `SET lastAt = :now`,
      }[outcome];
      const used = Object.entries({
        '#m': names.m,
        '#t': names.t,
        '#d': names.d,
        '#c': names.c,
        '#u': names.u,
      });
      await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: key,
          UpdateExpression: `${changed} ADD sends :sends, sentBytes :bytes, verified :verified`,
          ...(outcome !== 'unknown' && {
            ExpressionAttributeNames: Object.fromEntries(used.filter(([name]) => changed.includes(name))),
          }),
          ExpressionAttributeValues: {
            ...(outcome === 'confirmed' && { ':md5': md5 }),
            ':now': clock(),
            ':sends': sends,
            ':bytes': sends * slice.length,
            ':verified': verified,
          },
        }),
      );
    },
  };
}

function placeOf(id: string, { session, attempt, sliceSize, size, offset }: ClientSlice) {
  const at = offset / sliceSize;
  const row = Math.floor(at / SLICES_A_ROW);
  const n = at % SLICES_A_ROW;
  const values = {
    ':session': session,
    ':attempt': attempt,
    ':first': row * SLICES_A_ROW * sliceSize,
    ':sliceSize': sliceSize,
    ':size': size,
  };
  return {
    key: {
      pk: `TRANSFER#${id}`,
      sk: `WINDOW#~${hash('sha256', session).slice(0, 12)}#${String(row).padStart(6, '0')}`,
    },
    names: { m: `m${n}`, t: `t${n}`, d: `d${n}`, c: `c${n}`, u: `u${n}` },
    facts: {
      set: '#session = :session, attempt = :attempt, #first = :first, sliceSize = :sliceSize, #size = :size',
      names: { '#session': 'session', '#first': 'first', '#size': 'size' },
      values,
    },
  };
}

/** A row as the records it stands for. Counts are of slices: what was sent again counts as sent again. */
export function recordsOf(item: unknown): WindowRecord[] {
  const row = sliceRow.parse(item);
  const { session, attempt, first, sliceSize, size, sends, sentBytes, verified } = row;
  const slice = (n: number) => {
    const offset = first + n * sliceSize;
    return { offset, length: Math.min(sliceSize, size - offset) };
  };
  const times = (name: 't' | 'd') =>
    Array.from({ length: SLICES_A_ROW }, (_, n) => ({ n, at: Number(row[`${name}${n}`] ?? 0) }))
      .filter(({ at }) => at > 0)
      .sort((a, b) => a.at - b.at);
  const confirmed = times('t');
  const nothing = {
    session,
    attempt,
    confirmed: [],
    sentSlices: 0,
    resentSlices: 0,
    sentBytes: 0,
    md5Verified: 0,
  };
  const groups = Object.values(Object.groupBy(confirmed, ({ at }) => Math.floor(at / TOGETHER_MS)));
  const records = groups.map((group = []) => ({
    ...nothing,
    confirmed: mergeRanges(group.map(({ n }) => slice(n))),
    at: Math.max(...group.map(({ at }) => at)),
  }));
  const damaged = times('d').map(({ n, at }) => ({ ...nothing, damaged: [slice(n)], at }));
  const counts = {
    sentSlices: sends,
    resentSlices: Math.max(0, sends - confirmed.length),
    sentBytes,
    md5Verified: Math.min(verified, confirmed.length),
  };
  const [head = { ...nothing, at: 0 }, ...rest] = records;
  return [{ ...head, ...counts }, ...rest, ...damaged];
}
