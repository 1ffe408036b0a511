import { BadInput } from '../errors.ts';
import { createdKey } from '../records/dynamo-store.ts';
import { TRANSFER_STATES, type Transfer } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';
import { accessTo } from './access.ts';
import { viewOf } from './get-transfer.ts';
import type { PageInput, PageView } from './schemas.ts';

const PAGE = 20;

/** The transfers of one state, or of all, newest first. Throws BadInput for a cursor that is not ours. */
export async function showTransfers({ caller, query }: PageInput, services: ApiServices): Promise<PageView> {
  const limit = query.limit ?? PAGE;
  const before = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const states = query.state === undefined ? TRANSFER_STATES : [query.state];
  const pages = await Promise.all(states.map((state) => services.store.list(state, limit, before)));

  const found = newestFirst(pages.flatMap((page) => page.transfers));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const shown = page.filter((transfer) => accessTo(transfer, caller, services.config) !== 'none');
  const more = found.length > limit || pages.some((page) => page.next !== undefined);
  return {
    transfers: shown.map((transfer) => viewOf(transfer, [], services.clock())),
    ...(last && more && { next: Buffer.from(createdKey(last)).toString('base64url') }),
  };
}

/** A transfer that changed its state between two queries is there twice: the younger record counts. */
function newestFirst(found: readonly Transfer[]): Transfer[] {
  const byId = new Map<string, Transfer>();
  for (const transfer of found) {
    const other = byId.get(transfer.id);
    if (!other || other.revision < transfer.revision) byId.set(transfer.id, transfer);
  }
  return [...byId.values()].sort((a, b) => (createdKey(a) < createdKey(b) ? 1 : -1));
}

function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{15}#[0-9a-f]{40}$/.test(key)) return key;
  throw new BadInput('query.cursor: is not a cursor of this API', {
    wayOut: 'send `next` of the page before',
  });
}
