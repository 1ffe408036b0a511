import { BadConfig } from '../errors.ts';
import type { BackfillInput, BackfillJob } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';

/** What is asked of a backfill. */
export type BackfillRequest = Omit<BackfillInput, 'jobId' | 'startedAt' | 'reports'>;

/** Children that AWS runs at once for one map, and a batch that a call carries in its 15 minutes. */
export const BACKFILL_DEFAULTS = { concurrency: 20, batch: 50 } as const;

/** Writes the job down and starts its machine, once for any number of calls with one id. Throws BadConfig without a bucket for the report. */
export async function beginBackfill(
  request: BackfillRequest,
  owner: string,
  services: BackfillServices,
  id = newJobId(services),
): Promise<BackfillJob> {
  const { config, clock, jobs, backfills } = services;
  const bucket = config.REPORTS_BUCKET ?? config.RECEIPTS_BUCKET;
  if (bucket === undefined) throw new BadConfig('neither REPORTS_BUCKET nor RECEIPTS_BUCKET is set');
  const now = clock();
  const reports = { bucket, prefix: `${config.RECEIPTS_PREFIX}backfills/${id}` };
  const input: BackfillInput = { ...request, jobId: id, startedAt: now, reports };
  const job: BackfillJob = { id, input, owner, createdAt: now, revision: 1 };
  const isNew = await jobs.create(job);
  const kept = isNew ? job : ((await jobs.get(id)) ?? job);
  await backfills.start(id, kept.input); // whoever wrote it down may have died before
  return kept;
}

/** Sorts by time, and is a name that Step Functions takes: `20261125T121502123Z-1f0c9a2e4b7d6035`. */
export const newJobId = ({ clock, newId }: Pick<BackfillServices, 'clock' | 'newId'>): string =>
  `${new Date(clock()).toISOString().replace(/[-:.]/g, '')}-${newId().replace(/\W/g, '').slice(0, 16)}`;
