import type { ListedRow } from '../records/listed-row.ts';
import type { ListFilter } from '../records/store.ts';
import { TRANSFER_STATES } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';
import { accessTo } from './access.ts';
import { viewOf } from './get-transfer.ts';
import { openCursor, sealCursor } from './page-cursor.ts';
import type { PageInput } from './request-schemas.ts';
import type { PageView } from './views.ts';

const PAGE = 20;

/**
 * What this caller may see, newest begun first, or how many of each state that is. A page may hold fewer than `limit`; list and
 * counts end with the page that has no `next`. Throws BadInput for a cursor of another query.
 */
export async function showTransfers({ caller, query }: PageInput, services: ApiServices): Promise<PageView> {
  const { limit = PAGE, cursor, state, from, until, prefix, count } = query;
  const asked = [caller.name, state ?? '', from ?? 0, until ?? 0, prefix ?? '', ...(count ? ['count'] : [])];
  const before = cursor === undefined ? undefined : openCursor(cursor, asked, await services.store.seal());
  const filter: ListFilter = {
    from,
    until,
    admits: (row) =>
      (prefix === undefined || nameOf(row).startsWith(prefix)) &&
      accessTo(row, caller, services.config) !== 'none',
  };
  const states = state === undefined ? TRANSFER_STATES : [state];
  const sealed = async (next: string | undefined): Promise<Pick<PageView, 'next'>> =>
    next === undefined ? {} : { next: sealCursor(next, asked, await services.store.seal()) };
  if (count) {
    const { counts, next } = await services.store.count(states, { ...filter, before });
    return { transfers: [], counts: Object.fromEntries(counts), ...(await sealed(next)) };
  }
  const { transfers, next } = await services.store.list(states, limit, before, filter);
  return {
    transfers: transfers.map((transfer) => viewOf(transfer, [], services.clock())),
    ...(await sealed(next)),
  };
}

const nameOf = ({ source, target }: ListedRow): string => (source.kind === 's3' ? source.key : target.path);
