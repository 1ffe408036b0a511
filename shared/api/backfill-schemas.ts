import * as z from 'zod';
import { outcomeLine } from '../backfill/outcome-line.ts';
import { backfillMode, backfillSource, backfillSummary, outcome, tally } from '../records/backfill-job.ts';
import { whenUsed } from '../when-used.ts';
import { caller } from './caller.ts';
import { at, bucket, bytes, cursor, decimal, idempotencyKey, key, prefix } from './fields.ts';

const id = whenUsed(() =>
  z
    .string()
    .regex(/^[\w.:-]{1,80}$/, 'must be the id of a backfill')
    .meta({ description: 'The id of the backfill' }),
);
const concurrency = whenUsed(() => z.int().min(1).max(10_000).meta({ description: 'Batches at once' }));
const globs = whenUsed(() => z.array(z.string().min(1).max(256)).max(20));

const filters = whenUsed(() =>
  z
    .strictObject({
      include: globs().meta({
        description: 'Keys that match any; `*.jpg` is about the last segment, `a/**` about all',
      }),
      exclude: globs(),
      minSize: bytes,
      maxSize: bytes,
      newerThan: at,
      olderThan: at,
      storageClasses: z.array(z.string().min(1).max(64)).min(1).max(20),
    })
    .partial(),
);

const source = whenUsed(() =>
  z.union([
    z.strictObject({ bucket, prefix: prefix.optional() }),
    z.strictObject({ bucket, list: z.strictObject({ bucket, key }) }).meta({
      description:
        'What a list names: its key ends in .csv (key, version), .jsonl or manifest.json (S3 Inventory)',
    }),
    z.strictObject({ failedOf: id() }).meta({ description: 'What failed in that backfill' }),
  ]),
);

/** `POST /backfills`. */
const backfillRequest = whenUsed(() =>
  z
    .strictObject({
      mode: backfillMode()
        .default('carry')
        .meta({ description: 'carry; plan: say what there is to send; check: compare with COS' }),
      source: source(),
      filters: filters().optional(),
      concurrency: concurrency().optional(),
      batch: z.int().min(1).max(500).optional().meta({ description: 'Objects of one batch, at most' }),
      extra: z.literal(true).optional().meta({
        description: 'Look for files in COS, too, that stand for no object of the bucket or prefix',
      }),
    })
    .refine(
      ({ extra, mode, source, filters }) =>
        !extra || (mode === 'check' && 'bucket' in source && !('list' in source) && !filters),
      {
        path: ['extra'],
        message: 'needs mode check of a whole bucket or prefix, without a list and filters',
      },
    )
    .meta({ id: 'BackfillRequest', description: 'Carry, plan or check all that a bucket or a list names' }),
);
export type BackfillBody = z.infer<ReturnType<typeof backfillRequest>>;

export const startBackfillInput = whenUsed(() =>
  z.object({
    caller,
    headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
    body: backfillRequest(),
  }),
);
export type StartBackfillInput = z.infer<ReturnType<typeof startBackfillInput>>;

export const backfillsInput = whenUsed(() =>
  z.object({
    caller,
    query: z.object({
      limit: decimal(1, 100).optional().meta({ description: '1 to 100, 20 unless given' }),
      cursor: cursor.optional(),
    }),
  }),
);
export type BackfillsInput = z.infer<ReturnType<typeof backfillsInput>>;

export const backfillIdInput = whenUsed(() => z.object({ caller, path: z.object({ id: id() }) }));
export type BackfillIdInput = z.infer<ReturnType<typeof backfillIdInput>>;

export const changeBackfillInput = whenUsed(() =>
  backfillIdInput().extend({ body: z.strictObject({ concurrency: concurrency() }) }),
);
export type ChangeBackfillInput = z.infer<ReturnType<typeof changeBackfillInput>>;

export const reportInput = whenUsed(() =>
  backfillIdInput().extend({
    query: z.object({
      outcome: outcome().optional().meta({ description: 'Only lines of this outcome' }),
      limit: decimal(1, 500).optional().meta({ description: '1 to 500 lines, 100 unless given' }),
      cursor: cursor.optional(),
    }),
  }),
);
export type ReportPageInput = z.infer<ReturnType<typeof reportInput>>;

const summary = whenUsed(() =>
  backfillSummary().meta({ id: 'BackfillSummary', description: 'What it came to' }),
);

export const backfillView = whenUsed(() =>
  z
    .object({
      id: z.string(),
      state: z.enum(['running', 'complete', 'stopped', 'broken']).meta({
        description:
          'complete: each object has its line, which may be a failure. broken: it ended without a report',
      }),
      mode: backfillMode(),
      source: backfillSource(),
      filters: filters(),
      concurrency: z.int(),
      batch: z.int(),
      createdAt: at,
      progress: tally()
        .extend({ total: z.int().optional().meta({ description: 'Objects named, once they are read' }) })
        .optional()
        .meta({ description: 'As counted so far; the report counts anew' }),
      summary: summary().optional(),
      links: z.object({ self: z.string(), report: z.string() }),
    })
    .meta({ id: 'Backfill' }),
);
export type BackfillView = z.infer<ReturnType<typeof backfillView>>;

export const backfillsView = whenUsed(() =>
  z.object({ backfills: z.array(backfillView()), next: z.string().optional() }).meta({ id: 'BackfillPage' }),
);
export type BackfillsView = z.infer<ReturnType<typeof backfillsView>>;

export const reportView = whenUsed(() =>
  z
    .object({
      summary: summary(),
      lines: z.array(outcomeLine.omit({ item: true }).meta({ id: 'OutcomeLine' })),
      next: z.string().optional(),
    })
    .meta({ id: 'BackfillReport' }),
);
export type ReportView = z.infer<ReturnType<typeof reportView>>;
