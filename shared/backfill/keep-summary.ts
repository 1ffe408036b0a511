import type { BackfillInput, BackfillJob, BackfillSummary } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';

/** Writes the summary into its job, and resolves with the one that is there: a report's takes the place of a stop's. */
export async function keepSummary(
  input: BackfillInput,
  summary: BackfillSummary,
  { jobs }: Pick<BackfillServices, 'jobs'>,
): Promise<BackfillSummary> {
  const { jobId: id, startedAt: createdAt } = input;
  const begun: BackfillJob = { id, input, owner: '', createdAt, summary, revision: 1 };
  for (;;) {
    const job = await jobs.get(id);
    if (job?.summary && summary.state === 'stopped') return job.summary;
    const kept = job
      ? await jobs.replace({ ...job, summary, revision: job.revision + 1 })
      : await jobs.create(begun); // one that a schedule began has no record yet
    if (kept) return summary;
  }
}
