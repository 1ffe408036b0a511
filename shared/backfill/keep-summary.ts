import type { BackfillInput, BackfillJob, BackfillSummary } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';

/** Writes the summary into its job. One that a schedule began has no record yet. */
export async function keepSummary(
  input: BackfillInput,
  summary: BackfillSummary,
  { jobs }: BackfillServices,
): Promise<void> {
  const { jobId: id, startedAt: createdAt } = input;
  const begun: BackfillJob = { id, input, owner: '', createdAt, summary, revision: 1 };
  for (;;) {
    const job = await jobs.get(id);
    const kept = job
      ? await jobs.replace({ ...job, summary, revision: job.revision + 1 })
      : await jobs.create(begun);
    if (kept) return;
  }
}
