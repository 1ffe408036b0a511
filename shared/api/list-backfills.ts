import type { BackfillServices } from '../services.ts';
import { accessToBackfill } from './backfill-access.ts';
import type { BackfillsInput, BackfillsView } from './backfill-schemas.ts';
import { backfillViewOf } from './get-backfill.ts';
import { openCursor, sealCursor } from './page-cursor.ts';

const PAGE = 20;

/**
 * What this caller may see, newest first, by what was written down: one whose machine was stopped from outside shows as
 * running here. A page may hold fewer than `limit`; the list ends with the page that has no `next`. Throws BadInput.
 */
export async function showBackfills(
  { caller, query: { limit = PAGE, cursor } }: BackfillsInput,
  { jobs, store, config }: BackfillServices,
): Promise<BackfillsView> {
  const asked = ['backfills', caller.name];
  const before = cursor === undefined ? undefined : openCursor(cursor, asked, await store.seal());
  const page = await jobs.list(limit, before);
  const mine = page.jobs.filter((job) => accessToBackfill(job, caller, config) !== 'none');
  return {
    backfills: mine.map((job) => backfillViewOf(job, true)),
    ...(page.next !== undefined && { next: sealCursor(page.next, asked, await store.seal()) }),
  };
}
