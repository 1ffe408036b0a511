import { createHash } from 'node:crypto';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Clock, toSeconds } from '../time.ts';
import { type BackfillJob, backfillJob, OUTCOMES, type Tally } from './backfill-job.ts';
import { conditionHeld } from './condition-held.ts';

type JobPage = { readonly jobs: readonly BackfillJob[]; readonly next?: string };

/** What is remembered of backfills. Ids sort by time. */
export type JobStore = {
  /** False if there is a job of this id. */
  create(job: BackfillJob): Promise<boolean>;
  get(id: string): Promise<BackfillJob | undefined>;
  /** Writes `next` if the stored revision is still `next.revision - 1`. */
  replace(next: BackfillJob): Promise<boolean>;
  /** Newest first, at most `limit`; `before` is the `next` of the page before. */
  list(limit: number, before?: string): Promise<JobPage>;
  /**
   * Adds to the figures of a running job. A batch that Lambda runs twice counts twice: they are for watching, the report
   * counts anew.
   */
  addTally(id: string, batch: string, tally: Tally): Promise<void>;
  tally(id: string): Promise<Tally>;
};

export type JobStoreParts = {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly retentionDays: number;
};

/** The figures of one job are spread over as many items: batches of it end at once, and an item takes 1,000 writes/s. */
const SHARDS = 16;
/** Item `JOB` / `JOB#id` for each job, and `JOB#id` / `TALLY#n` for its figures. */
const JOBS = 'JOB';

export function openJobStore({ documents, table, clock, retentionDays }: JobStoreParts): JobStore {
  const TableName = table;
  const expiresAt = () => toSeconds(clock()) + retentionDays * 86_400;

  const put = async (job: BackfillJob, condition: object): Promise<boolean> => {
    const Item = { pk: JOBS, sk: `JOB#${job.id}`, ...job, expiresAt: expiresAt() };
    return conditionHeld(documents.send(new PutCommand({ TableName, Item, ...condition })));
  };

  return {
    create: (job) => put(job, { ConditionExpression: 'attribute_not_exists(pk)' }),
    async get(id) {
      const Key = { pk: JOBS, sk: `JOB#${id}` };
      const { Item } = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      return Item === undefined ? undefined : backfillJob().parse(Item);
    },
    replace: (next) =>
      put(next, {
        ConditionExpression: 'revision = :seen',
        ExpressionAttributeValues: { ':seen': next.revision - 1 },
      }),
    async list(limit, before) {
      const { Items = [], LastEvaluatedKey: more } = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: `pk = :jobs AND ${before === undefined ? 'begins_with(sk, :edge)' : 'sk < :edge'}`,
          ExpressionAttributeValues: { ':jobs': JOBS, ':edge': `JOB#${before ?? ''}` },
          ScanIndexForward: false,
          Limit: limit,
        }),
      );
      const jobs = z.array(backfillJob()).parse(Items);
      const last = jobs.at(-1);
      return { jobs, ...(more && last && { next: last.id }) };
    },
    async addTally(id, batch, tally) {
      const figures = figuresOf(tally);
      if (figures.length === 0) return;
      const shard = (createHash('sha256').update(batch).digest()[0] ?? 0) % SHARDS;
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: { pk: `JOB#${id}`, sk: `TALLY#${shard}` },
          UpdateExpression: `SET expiresAt = :end ADD ${figures.map((_, at) => `#f${at} :f${at}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(figures.map(([name], at) => [`#f${at}`, name])),
          ExpressionAttributeValues: {
            ':end': expiresAt(),
            ...Object.fromEntries(figures.map(([, amount], at) => [`:f${at}`, amount])),
          },
        }),
      );
    },
    async tally(id) {
      const sums = new Map<string, number>();
      const query = {
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :tally)',
        ExpressionAttributeValues: { ':pk': `JOB#${id}`, ':tally': 'TALLY#' },
      };
      for await (const page of paginateQuery({ client: documents }, query))
        for (const item of page.Items ?? [])
          for (const [name, amount] of Object.entries(item))
            if (typeof amount === 'number') sums.set(name, (sums.get(name) ?? 0) + amount);
      return tallyOf(sums);
    },
  };
}

/** Each figure is an attribute of its own, so that one ADD raises it: `objects:stored`, `bytes:stored`, `error:CosRefused`. */
const figuresOf = ({ outcomes, failures }: Tally): [name: string, amount: number][] => [
  ...Object.entries(outcomes).flatMap(([outcome, { objects, bytes }]): [string, number][] => [
    [`objects:${outcome}`, objects],
    [`bytes:${outcome}`, bytes],
  ]),
  ...failures.map(({ error, objects }): [string, number] => [`error:${error}`, objects]),
];

function tallyOf(sums: ReadonlyMap<string, number>): Tally {
  const seen = OUTCOMES.filter((outcome) => sums.has(`objects:${outcome}`));
  return {
    outcomes: Object.fromEntries(
      seen.map((outcome) => [
        outcome,
        { objects: sums.get(`objects:${outcome}`) ?? 0, bytes: sums.get(`bytes:${outcome}`) ?? 0 },
      ]),
    ),
    failures: [...sums].flatMap(([name, objects]) =>
      name.startsWith('error:') ? [{ error: name.slice('error:'.length), objects }] : [],
    ),
  };
}
