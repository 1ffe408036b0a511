import type { BackfillJob, BackfillSummary } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { keepSummary } from './keep-summary.ts';

/**
 * Stops a backfill: what is carried stays carried, what is under way may still end. Its summary holds what was counted until
 * then; there is no file of outcomes. One that is over stays as it is.
 */
export async function stopJob(
  { id, input }: BackfillJob,
  services: Pick<BackfillServices, 'jobs' | 'backfills' | 'clock'>,
): Promise<BackfillSummary> {
  const { jobs, backfills, clock } = services;
  await backfills.stop(id);
  const { outcomes, failures } = await jobs.tally(id);
  const counts = Object.values(outcomes);
  return keepSummary(
    input,
    {
      jobId: id,
      mode: input.mode,
      source: input.source,
      startedAt: input.startedAt,
      endedAt: clock(),
      state: 'stopped',
      reason: 'it was asked to stop',
      objects: counts.reduce((sum, { objects }) => sum + objects, 0),
      bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
      outcomes,
      failures: failures.map((failure) => ({ ...failure, examples: [] })),
      troubles: outcomes.failed?.objects ?? 0,
      reports: input.reports,
      files: {},
    },
    services,
  );
}
