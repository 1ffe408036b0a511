import { createdKey } from '../../../shared/records/listed-row.ts';
import type {
  ChainRecord,
  IdempotencyKey,
  TransferStore,
  WindowRecord,
} from '../../../shared/records/store.ts';
import { type Target, targetRecord } from '../../../shared/records/target-record.ts';
import { type Transfer, transfer } from '../../../shared/records/transfer.ts';
import { readOnce } from './read-once.ts';

/** Brings a call to the table and its answer back. */
type PerformCall = <T>(name: string, given: unknown, effect: () => T) => Promise<T>;

const atOnce: PerformCall = async (_, __, effect) => effect();

type Lock = Parameters<TransferStore['lock']>[0];

/** What the table holds, as text: nothing is shared with who wrote it. */
export type TableState = {
  readonly transfers: Map<string, string>;
  readonly targets: Map<string, string>;
  readonly windows: Map<string, Map<string, WindowRecord>>;
  readonly locks: Map<string, Lock>;
  readonly keys: Map<string, IdempotencyKey>;
  seal?: string;
  /** What clients send, by transfer, session and offset. */
  readonly slices: Map<
    string,
    { readonly confirmed?: string; readonly claim?: { readonly md5: string; readonly until: number } }
  >;
  readonly chains: Map<string, ChainRecord[]>;
};

export const emptyTable = (): TableState => ({
  transfers: new Map(),
  targets: new Map(),
  windows: new Map(),
  locks: new Map(),
  keys: new Map(),
  slices: new Map(),
  chains: new Map(),
});

export type TableParts = {
  readonly perform?: PerformCall;
  readonly clock: () => number;
  readonly newId: () => string;
};

/** The contract of the store on a table in memory: conditions on the revision, reads through the schemas. */
export function openTableModel(
  table: TableState,
  { perform = atOnce, clock, newId }: TableParts,
): TransferStore {
  const readTransfer = (id: string): Transfer | undefined => {
    const text = table.transfers.get(id);
    return text === undefined ? undefined : { ...transferIn(text) }; // each read is one of its own
  };

  return {
    create: (made) =>
      perform('store.create', made, () => {
        const existing = readTransfer(made.id);
        if (existing) return { won: false, existing } as const;
        table.transfers.set(made.id, JSON.stringify(made));
        return { won: true } as const;
      }),
    seal: () =>
      perform('store.seal', undefined, () => {
        table.seal ??= `${newId()}${newId()}`;
        return table.seal;
      }),
    get: (id) => perform('store.get', id, () => readTransfer(id)),
    replace: (next) => perform('store.replace', next, () => putIf(table.transfers, next.id, next)),
    getTarget: (name) =>
      perform('store.getTarget', name, () => {
        const text = table.targets.get(name);
        return text === undefined ? undefined : { ...targetIn(text) };
      }),
    replaceTarget: (next) =>
      perform('store.replaceTarget', next, () => putIf(table.targets, next.name, next)),
    lock: (lock) =>
      perform('store.lock', lock, () => {
        const held = table.locks.get(lock.name);
        if (held && held.until > clock()) return false;
        table.locks.set(lock.name, { ...lock });
        return true;
      }),
    unlock: (lock) =>
      perform('store.unlock', lock, () => {
        if (table.locks.get(lock.name)?.by === lock.by) table.locks.delete(lock.name);
      }),
    claimKey: (key) =>
      perform('store.claimKey', key, () => {
        const existing = table.keys.get(key.name);
        if (existing) return { won: false, existing: { ...existing } } as const;
        table.keys.set(key.name, { ...key });
        return { won: true } as const;
      }),
    getKey: (name) => perform('store.getKey', name, () => table.keys.get(name)),
    addWindow(id, record, row = newId()) {
      return perform('store.addWindow', record, () => {
        const rows = table.windows.get(id) ?? new Map<string, WindowRecord>();
        const place = `${String(record.began ?? record.at).padStart(15, '0')}#${row}`;
        table.windows.set(id, rows.set(place, structuredClone(record)));
      });
    },
    claimSlice: (id, slice, md5, leaseMs) =>
      perform('store.claimSlice', slice, () => {
        const name = `${id}#${slice.session}#${slice.offset}`;
        const known = table.slices.get(name);
        if (known?.confirmed !== undefined && known.confirmed !== md5) return 'other-bytes';
        const claim = known?.claim;
        // a claim that lasts longer than any is of a clock that was ahead: it counts for nothing
        const isLive = claim && claim.until > clock() && claim.until <= clock() + leaseMs;
        if (isLive && claim.md5 !== md5) return 'busy';
        table.slices.set(name, { ...known, claim: { md5, until: clock() + leaseMs } });
        return 'claimed';
      }),
    noteSlice: (id, slice, { md5, outcome, sends, verified }) =>
      perform('store.noteSlice', slice, () => {
        const name = `${id}#${slice.session}#${slice.offset}`;
        const known = outcome === 'unknown' ? table.slices.get(name) : undefined;
        table.slices.set(name, outcome === 'confirmed' ? { confirmed: md5 } : { ...known });
        const range = { offset: slice.offset, length: slice.length };
        const rows = table.windows.get(id) ?? new Map<string, WindowRecord>();
        const before = outcome === 'unknown' ? rows.get(`~${name}`) : undefined; // what is known of it stays
        const damaged = outcome === 'damaged' ? [range] : before?.damaged;
        const record = {
          session: slice.session,
          attempt: slice.attempt,
          confirmed: outcome === 'confirmed' ? [range] : (before?.confirmed ?? []),
          sentSlices: sends,
          resentSlices: 0,
          sentBytes: sends * slice.length,
          md5Verified: verified,
          ...(damaged && { damaged }),
          at: clock(),
        };
        table.windows.set(id, rows.set(`~${name}`, record));
      }),
    windows: (id) =>
      perform('store.windows', id, () => {
        const rows = [...(table.windows.get(id) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
        return rows.map(([, record]) => structuredClone(record));
      }),
    addChain: (id, record) =>
      perform('store.addChain', record, () => {
        const others = (table.chains.get(id) ?? []).filter(({ offset }) => offset !== record.offset);
        table.chains.set(
          id,
          [...others, structuredClone(record)].sort((a, b) => a.offset - b.offset),
        );
      }),
    chain: (id) => perform('store.chain', id, () => structuredClone(table.chains.get(id) ?? [])),
    count: (states) =>
      perform('store.count', states, () => {
        const counts = new Map<Transfer['state'], number>();
        for (const id of table.transfers.keys()) {
          const state = readTransfer(id)?.state;
          if (state && states.includes(state)) counts.set(state, (counts.get(state) ?? 0) + 1);
        }
        return { counts };
      }),
    list: (state, limit, before, { from = 0, until = Infinity, admits = () => true } = {}) =>
      perform('store.list', state, () => {
        const all = [...table.transfers.keys()].flatMap((id) => readTransfer(id) ?? []);
        const found = all
          .filter(
            (one) => [state].flat().includes(one.state) && from <= one.createdAt && one.createdAt < until,
          )
          .map((one) => ({ ...one, createdKey: createdKey(one) }))
          .filter((row) => (before === undefined || row.createdKey < before) && admits(row))
          .sort((a, b) => (a.createdKey < b.createdKey ? 1 : -1))
          .slice(0, limit);
        const last = found.at(-1);
        const transfers = found.map(({ createdKey: _, ...one }) => one);
        return { transfers, ...(last && found.length === limit && { next: last.createdKey }) };
      }),
  };
}

/** A record as the table holds it: read through the schema once, whoever asks. */
export const transferIn = readOnce((text): Transfer => transfer.parse(JSON.parse(text)));
export const targetIn = readOnce((text): Target => targetRecord.parse(JSON.parse(text)));
const revisionIn = readOnce((text): { readonly revision: number } => JSON.parse(text));

/** Revision 1 must find nothing, any other the revision before it. */
function putIf(items: Map<string, string>, key: string, next: { readonly revision: number }): boolean {
  const text = items.get(key);
  const seen: number = text === undefined ? 0 : revisionIn(text).revision;
  if (seen !== next.revision - 1 || (next.revision === 1) !== (text === undefined)) return false;
  items.set(key, JSON.stringify(next));
  return true;
}
