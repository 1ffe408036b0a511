import { BadConfig } from '../errors.ts';
import type { BackfillInput, BackfillJob } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';

/** What is asked of a backfill. */
export type BackfillRequest = Omit<BackfillInput, 'jobId' | 'startedAt' | 'reports'>;

/** Children that AWS runs at once for one map, and a batch that a call carries in its 15 minutes. */
export const BACKFILL_DEFAULTS = { concurrency: 20, batch: 50 } as const;

/** Writes the job down and starts its machine. Throws BadConfig without a bucket for the report. */
export async function beginBackfill(
  request: BackfillRequest,
  owner: string,
  services: BackfillServices,
): Promise<BackfillJob> {
  const { config, clock, newId, jobs, backfills } = services;
  const bucket = config.REPORTS_BUCKET ?? config.RECEIPTS_BUCKET;
  if (bucket === undefined) throw new BadConfig('neither REPORTS_BUCKET nor RECEIPTS_BUCKET is set');
  const now = clock();
  const id = jobIdOf(now, newId());
  const reports = { bucket, prefix: `${config.RECEIPTS_PREFIX}backfills/${id}` };
  const input: BackfillInput = { ...request, jobId: id, startedAt: now, reports };
  const job: BackfillJob = { id, input, owner, createdAt: now, revision: 1 };
  await jobs.create(job);
  await backfills.start(id, input);
  return job;
}

/** Sorts by time, and is a name that Step Functions takes: `20261125T121502123Z-1f0c9a2e`. */
const jobIdOf = (now: number, unique: string): string =>
  `${new Date(now).toISOString().replace(/[-:.]/g, '')}-${unique.replace(/\W/g, '').slice(0, 8)}`;
