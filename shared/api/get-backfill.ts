import type { BackfillJob } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { loadBackfillFor } from './backfill-access.ts';
import type { BackfillIdInput, BackfillView } from './backfill-schemas.ts';

/** A backfill as the API shows it, with what was counted so far. Throws Declined. */
export async function showBackfill(
  { caller, path }: BackfillIdInput,
  services: BackfillServices,
): Promise<BackfillView> {
  const job = await loadBackfillFor(caller, path.id, 'look', services);
  const run = job.summary ? undefined : await services.backfills.look(job.id);
  // it may have ended between the two looks, and its report was written before that
  const now = run?.status === 'running' ? job : ((await services.jobs.get(job.id)) ?? job);
  const counted = await services.jobs.tally(job.id);
  const total = now.summary?.objects ?? run?.objects?.total;
  const view = backfillViewOf(now, run?.status === 'running');
  return { ...view, progress: { ...counted, ...(total !== undefined && { total }) } };
}

/** Pure. `runs` is what is known of its machine: one that ended without a summary is broken. */
export function backfillViewOf(
  { id, input, createdAt, summary, concurrency }: BackfillJob,
  runs: boolean,
): BackfillView {
  const { mode, source, filters, batch } = input;
  const { withinReach: _, ...shown } = filters;
  return {
    id,
    state: summary?.state ?? (runs ? 'running' : 'broken'),
    mode,
    source,
    filters: shown,
    concurrency: concurrency ?? input.concurrency,
    batch,
    createdAt,
    ...(summary && { summary }),
    links: { self: `/backfills/${id}`, report: `/backfills/${id}/report` },
  };
}
