import { UsageError } from '../local/command.ts';
import type { TransferStore } from '../shared/records/store.ts';
import type { Transfer, TransferState } from '../shared/records/transfer.ts';
import type { EpochMillis } from '../shared/time.ts';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** No transfer runs longer than its execution may, in ms. */
const LONGEST_MS = 14 * 86_400_000;
const PAGE = 100;

/** `2026-11-01`, `2026-11-01T12:00:00Z`, or a time ago: `90m`, `6h`, `7d`. Dates are in UTC. Throws UsageError. */
export function readSince(text: string, now: EpochMillis): EpochMillis {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd'))
    return now - Number(count) * UNIT_MS[unit];
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new UsageError(
      `--since ${text} is neither a date such as 2026-11-01 nor a time ago such as 6h; see --help`,
    );
  }
  return at;
}

/** The transfers of a state that changed last at `since` or later, newest begun first. */
export async function* transfersSince(
  store: Pick<TransferStore, 'list'>,
  state: TransferState,
  since: EpochMillis,
): AsyncGenerator<Transfer> {
  let before: string | undefined;
  do {
    const page = await store.list(state, PAGE, before);
    for (const transfer of page.transfers) {
      if (transfer.createdAt < since - LONGEST_MS) return; // the index is in order of beginning
      if (transfer.updatedAt >= since) yield transfer;
    }
    before = page.next;
  } while (before !== undefined);
}
