import type { ListedRow } from '../records/listed-row.ts';
import { TRANSFER_STATES } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';
import { accessTo } from './access.ts';
import { viewOf } from './get-transfer.ts';
import { openCursor, sealCursor } from './page-cursor.ts';
import type { PageInput } from './request-schemas.ts';
import type { PageView } from './views.ts';

const PAGE = 20;

/**
 * What this caller may see, newest begun first. A page may hold fewer than `limit`; the list ends with the page that has no
 * `next`. Throws BadInput for a cursor of another query.
 */
export async function showTransfers({ caller, query }: PageInput, services: ApiServices): Promise<PageView> {
  const { limit = PAGE, cursor, state, from, until, prefix } = query;
  const asked = [caller.name, state ?? '', from ?? 0, until ?? 0, prefix ?? ''];
  const before = cursor === undefined ? undefined : openCursor(cursor, asked, await services.store.seal());
  const page = await services.store.list(state ?? TRANSFER_STATES, limit, before, {
    from,
    until,
    admits: (row) =>
      (prefix === undefined || nameOf(row).startsWith(prefix)) &&
      accessTo(row, caller, services.config) !== 'none',
  });
  return {
    transfers: page.transfers.map((transfer) => viewOf(transfer, [], services.clock())),
    ...(page.next !== undefined && { next: sealCursor(page.next, asked, await services.store.seal()) }),
  };
}

const nameOf = ({ source, target }: ListedRow): string => (source.kind === 's3' ? source.key : target.path);
