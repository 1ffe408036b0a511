import type { BackfillJob } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { loadBackfillFor } from './backfill-access.ts';
import type { BackfillView, ChangeBackfillInput } from './backfill-schemas.ts';
import { Declined } from './declined.ts';
import { backfillViewOf } from './get-backfill.ts';

/** Changes how many batches of a running backfill go at once, from now on. Throws Declined for one that is over. */
export async function changeBackfill(
  { caller, path: { id }, body: { concurrency } }: ChangeBackfillInput,
  services: BackfillServices,
): Promise<BackfillView> {
  for (;;) {
    const job = mustRun(await loadBackfillFor(caller, id, 'act', services));
    const next = { ...job, concurrency, revision: job.revision + 1 };
    if (!(await services.jobs.replace(next))) continue; // somebody else changed it
    if (await services.backfills.setConcurrency(id, concurrency)) return backfillViewOf(next, true);
    throw new Declined('not-begun', 'it has no batches under way at this moment', 'ask again in a moment');
  }
}

/** Throws Declined for a backfill that is over. */
export function mustRun(job: BackfillJob): BackfillJob {
  const { summary } = job;
  if (!summary) return job;
  throw new Declined('already-over', `the backfill is ${summary.state}`, 'start another one', {
    state: summary.state,
  });
}
