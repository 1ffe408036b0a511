import { stopJob } from '../backfill/stop-job.ts';
import type { BackfillServices } from '../services.ts';
import { loadBackfillFor } from './backfill-access.ts';
import type { BackfillIdInput, BackfillView } from './backfill-schemas.ts';
import { mustRun } from './change-backfill.ts';
import { backfillViewOf } from './get-backfill.ts';

/** Stops a backfill: what is stored stays stored, and the same request again goes on. Throws Declined for one that is over. */
export async function stopBackfill(
  { caller, path }: BackfillIdInput,
  services: BackfillServices,
): Promise<BackfillView> {
  const job = await loadBackfillFor(caller, path.id, 'act', services);
  if (job.summary?.state !== 'stopped') {
    const summary = await stopJob(mustRun(job), services);
    return backfillViewOf({ ...job, summary }, false);
  }
  return backfillViewOf(job, false);
}
