import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SOURCE_BUCKET, type Stack } from '../../local/stack/stack.ts';
import {
  BACKFILL_DEFAULTS,
  type BackfillRequest,
  beginBackfill,
} from '../../shared/backfill/begin-backfill.ts';
import type { OutcomeLine } from '../../shared/backfill/outcome-line.ts';
import type { BackfillJob, BackfillSummary } from '../../shared/records/backfill-job.ts';
import type { BackfillRun } from '../../shared/services.ts';
import { type Bed, openBed } from './relay-bed.ts';

export const REPORTS = 'reports';

/** No answer here is late on purpose: a busy machine must not make one so. */
const PATIENT = { COS_TIMEOUT_MS: '30000', S3_IDLE_TIMEOUT_MS: '30000' };

/** A bed whose objects up to 20,000 bytes are small. */
export const openBackfillBed = (options: Parameters<typeof openBed>[0] = {}): Promise<Bed> =>
  openBed({
    ...options,
    env: {
      SMALL_OBJECT_MAX: '20000',
      REPORTS_BUCKET: REPORTS,
      COS_ATTEMPTS: '2',
      ...PATIENT,
      ...options.env,
    },
  });

export type Report = {
  readonly job: BackfillJob;
  readonly run: Pick<BackfillRun, 'status'>;
  readonly summary: BackfillSummary;
  readonly lines: readonly OutcomeLine[];
};

/** Runs a backfill of the source bucket to its end. */
export async function backfill(
  bed: Bed,
  stack: Stack,
  asked: Partial<BackfillRequest> = {},
): Promise<Report> {
  const job = await beginBackfill(requestOf(asked), '', stack.services);
  return reportOf(bed, stack, job);
}

export const requestOf = (asked: Partial<BackfillRequest> = {}): BackfillRequest => ({
  mode: 'carry',
  source: { kind: 'bucket', bucket: SOURCE_BUCKET, prefix: '' },
  filters: { include: [], exclude: [] },
  ...BACKFILL_DEFAULTS,
  concurrency: 2,
  batch: 10,
  ...asked,
});

export async function reportOf(bed: Bed, stack: Stack, { id }: BackfillJob): Promise<Report> {
  const run = await stack.backfills.ended(id);
  const job = await stack.services.jobs.get(id);
  if (!job?.summary) throw new Error(`job ${id} has no summary: ${run.error?.stack}`);
  const { outcomes } = job.summary.files;
  const text = outcomes === undefined ? '' : await readFile(join(bed.root, REPORTS, outcomes), 'utf8');
  const lines = text.split('\n').flatMap((line): OutcomeLine[] => (line === '' ? [] : [JSON.parse(line)]));
  return { job, run, summary: job.summary, lines };
}

/** How many objects ended how. */
export const countsOf = ({ outcomes }: BackfillSummary): Record<string, number> =>
  Object.fromEntries(Object.entries(outcomes).map(([name, { objects }]) => [name, objects]));

/** Keys by outcome. */
export const keysOf = ({ lines }: Report, outcome: string): string[] =>
  lines.flatMap((line) => (line.outcome === outcome && line.key !== undefined ? [line.key] : [])).sort();
