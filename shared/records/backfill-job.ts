import * as z from 'zod';
import { whenUsed } from '../when-used.ts';

const place = whenUsed(() => z.object({ bucket: z.string(), key: z.string() }));

/** What names the objects of a backfill. `bucket` is where they lie, `list` where the list of them lies. */
export const backfillSource = whenUsed(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('bucket'), bucket: z.string(), prefix: z.string() }),
    z.object({ kind: z.literal('csv'), bucket: z.string(), list: place() }),
    z.object({ kind: z.literal('lines'), bucket: z.string(), list: place() }),
    z.object({ kind: z.literal('inventory'), bucket: z.string(), list: place() }),
  ]),
);
export type BackfillSource = z.infer<ReturnType<typeof backfillSource>>;

/** By the name of a list: CSV, what S3 Inventory wrote, or JSON lines. */
export const listKindOf = (key: string): 'inventory' | 'csv' | 'lines' =>
  key.endsWith('manifest.json') ? 'inventory' : key.endsWith('.csv') ? 'csv' : 'lines';

/** Which of the named objects count. Sizes in bytes, times in ms since the epoch. */
const backfillFilters = whenUsed(() =>
  z.object({
    /** Globs over keys: at least one must match, if there is any. One without a slash is about the last segment. */
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    minSize: z.number().optional(),
    maxSize: z.number().optional(),
    newerThan: z.number().optional(),
    olderThan: z.number().optional(),
    storageClasses: z.array(z.string()).optional(),
    /** A caller of the API asked: what callers may not read or write fails by name. */
    withinReach: z.literal(true).optional(),
  }),
);
export type BackfillFilters = z.infer<ReturnType<typeof backfillFilters>>;

/** carry: relay them. plan: say what that would do. check: compare what COS holds. Only `carry` sends anything. */
export const backfillMode = whenUsed(() => z.enum(['carry', 'plan', 'check']));

/** What `backfill.asl.yml` is started with. */
export const backfillInput = whenUsed(() =>
  z.object({
    jobId: z.string(),
    mode: backfillMode(),
    source: backfillSource(),
    filters: backfillFilters(),
    /** Batches under way at once. */
    concurrency: z.number().int(),
    /** Objects of one batch, at most. */
    batch: z.number().int(),
    /** In ms since the epoch; a schedule gives it as a date. */
    startedAt: z.union([z.number(), z.iso.datetime({ offset: true }).transform(Date.parse)]),
    /** Where results and report go: `prefix` is the job's own, without a slash at its end. */
    reports: z.object({ bucket: z.string(), prefix: z.string() }),
    /** Of a check of a whole bucket or prefix: look for files in COS, too, that stand for no object of it. */
    extra: z.literal(true).optional(),
  }),
);
export type BackfillInput = z.infer<ReturnType<typeof backfillInput>>;

/** What became of an object, or what was found of it. */
export const OUTCOMES = [
  'stored', // carried now
  'held', // stored already, by proof
  'live', // an event carries it, or did, or took it away
  'gone', // not there any more
  'archived', // S3 must restore it first
  'too-large', // COS v4 cannot hold it
  'bad-name', // COS cannot hold a file of that name
  'failed',
  'filtered',
  'left', // for the second pass; in no report
  'to-send', // a plan: it would be carried
  'equal',
  'differs',
  'missing',
  'unproven', // the sizes are equal, and nothing says more
  'extra', // in COS only
] as const;
export const outcome = whenUsed(() => z.enum(OUTCOMES));
export type Outcome = z.infer<ReturnType<typeof outcome>>;

const counted = whenUsed(() => z.object({ objects: z.number(), bytes: z.number() }));
export type Counted = z.infer<ReturnType<typeof counted>>;

export const tally = whenUsed(() =>
  z.object({
    outcomes: z.partialRecord(outcome(), counted()),
    /** Failures by the name of their error. */
    failures: z.array(z.object({ error: z.string(), objects: z.number() })),
  }),
);
export type Tally = z.infer<ReturnType<typeof tally>>;

/** By list prices, in US dollars; of a plan: what it would come to. An estimate, no bill. */
const cost = whenUsed(() =>
  z.object({
    prices: z.string(),
    lines: z.array(z.object({ what: z.string(), count: z.number(), unit: z.string(), dollars: z.number() })),
    /** Without egress. */
    aws: z.number(),
    egress: z.number(),
    /** With so many batches at once as it has, in s. */
    seconds: z.number(),
  }),
);

/** What a backfill came to. Times in ms since the epoch, bytes of the objects. */
export const backfillSummary = whenUsed(() =>
  z.object({
    jobId: z.string(),
    mode: backfillMode(),
    source: backfillSource(),
    startedAt: z.number(),
    endedAt: z.number(),
    /** complete: every named object has its line. stopped, broken: the rest was not looked at. */
    state: z.enum(['complete', 'stopped', 'broken']),
    /** Why it broke. */
    reason: z.string().optional(),
    objects: z.number(),
    bytes: z.number(),
    outcomes: z.partialRecord(outcome(), counted()),
    failures: z.array(
      z.object({
        error: z.string(),
        objects: z.number(),
        wayOut: z.string().optional(),
        examples: z.array(z.object({ key: z.string(), reason: z.string() })),
      }),
    ),
    cost: cost().optional(),
    /** Objects that failed, or that a check found other than they should be. */
    troubles: z.number(),
    /** Where the files lie; `prefix` is the job's own. */
    reports: z.object({ bucket: z.string(), prefix: z.string() }),
    /** Their keys in that bucket. */
    files: z.object({
      outcomes: z.string().optional(),
      failed: z.string().optional(),
      extra: z.string().optional(),
    }),
    /** The command that carries just what failed. */
    redrive: z.string().optional(),
  }),
);
export type BackfillSummary = z.infer<ReturnType<typeof backfillSummary>>;

/** One backfill: what was asked, by whom, and what it came to. */
export const backfillJob = whenUsed(() =>
  z.object({
    id: z.string(),
    input: backfillInput(),
    /** Who asked, as the API knows callers; empty for the operator's own command. */
    owner: z.string(),
    createdAt: z.number(),
    /** Batches at once, if it was changed since. */
    concurrency: z.number().int().optional(),
    summary: backfillSummary().optional(),
    revision: z.number().int(),
  }),
);
export type BackfillJob = z.infer<ReturnType<typeof backfillJob>>;
