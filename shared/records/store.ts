import type { Slice } from '../slices/slices.ts';
import type { EpochMillis } from '../time.ts';
import type { ListedRow } from './listed-row.ts';
import type { Target } from './target-record.ts';
import type { Transfer, TransferState } from './transfer.ts';

/**
 * What one worker call did: one row, written while it works and when it ends. `confirmed` are ranges whose MD5 COS echoed,
 * merged.
 */
export type WindowRecord = {
  readonly session: string;
  /** The transfer's attempt it worked in. */
  readonly attempt: number;
  readonly confirmed: readonly Slice[];
  readonly sentSlices: number;
  readonly resentSlices: number;
  readonly sentBytes: number;
  readonly md5Verified: number;
  /** Slices that COS stored with other bytes; written before they are sent again, in case nobody lives to do so. */
  readonly damaged?: readonly Slice[] | undefined;
  /** The run of slices the call was given, and when it began. */
  readonly span?: Slice | undefined;
  readonly began?: EpochMillis | undefined;
  /** What COS held already when an attempt listed first, merged. */
  readonly heldBefore?: readonly Slice[] | undefined;
  readonly at: EpochMillis;
};

/** A slice that a client sends itself, in the session it goes to. */
export type ClientSlice = Slice & {
  readonly session: string;
  readonly attempt: number;
  readonly sliceSize: number;
  /** Of the whole file, in bytes. */
  readonly size: number;
};

/** What became of sending a slice: `sends` counts the tries, `verified` those whose MD5 COS echoed. */
type SliceNote = {
  readonly md5: string;
  readonly outcome: 'confirmed' | 'damaged' | 'unknown';
  readonly sends: number;
  readonly verified: number;
};

/** A stretch of the SHA-1 chain: the states after each slice from `offset` on, 20 bytes each, and the hash to go on from. */
export type ChainRecord = {
  readonly sliceSize: number;
  readonly offset: number;
  readonly end: number;
  readonly states: Uint8Array;
  readonly saved: Uint8Array;
};

/** One call at a time does something under this name; `until` in ms since the epoch. */
type Lock = { readonly name: string; readonly by: string; readonly until: EpochMillis };

/** What a caller called a request: a hash of what was asked for, and the transfer that came of it. */
export type IdempotencyKey = { readonly name: string; readonly asked: string; readonly transferId: string };

/** Which of the listed are wanted: begun at `from` or later and before `until`, and admitted by what the index knows. */
export type ListFilter = {
  readonly from?: EpochMillis | undefined;
  readonly until?: EpochMillis | undefined;
  readonly admits?: (row: ListedRow) => boolean;
};

/** `before` is the `next` of the call before; one call reads at most `most` rows, 10,000 unless given. */
export type CountSpan = ListFilter & { readonly before?: string | undefined; readonly most?: number };

/** `next`: there is more to count. */
export type TransferCounts = { readonly counts: ReadonlyMap<TransferState, number>; readonly next?: string };

export type TransferPage = { readonly transfers: readonly Transfer[]; readonly next?: string };

/**
 * What is remembered between calls. Every write that can race is one conditional write; the loser learns of it, and is never
 * overwritten. Records are read through their schemas.
 */
export type TransferStore = {
  /** Exactly one of many calls with the same id wins; the others are shown what is there. */
  create(
    transfer: Transfer,
  ): Promise<{ readonly won: true } | { readonly won: false; readonly existing: Transfer }>;
  /** A secret of this table, made once: ids that carry it cannot be computed from outside. */
  seal(): Promise<string>;
  get(id: string): Promise<Transfer | undefined>;
  /** Writes `next` if the stored revision is still `next.revision - 1`; revision 1 means there must be none yet. */
  replace(next: Transfer): Promise<boolean>;
  getTarget(name: string): Promise<Target | undefined>;
  /** Writes `next` if the stored revision is still `next.revision - 1`; revision 1 means there must be none yet. */
  replaceTarget(next: Target): Promise<boolean>;
  /** Takes the lock of this name until `until`, unless somebody has it; true if it is ours. `by` is a name nobody else has. */
  lock(lock: Lock): Promise<boolean>;
  /** Gives the lock back, if it is still ours. */
  unlock(lock: Lock): Promise<void>;
  /** Of many claims of one key exactly one wins; the others are shown what it stands for. */
  claimKey(
    key: IdempotencyKey,
  ): Promise<{ readonly won: true } | { readonly won: false; readonly existing: IdempotencyKey }>;
  getKey(name: string): Promise<IdempotencyKey | undefined>;
  /** A row of its own, or the row of that name, whose earlier content it replaces. */
  addWindow(id: string, record: WindowRecord, row?: string): Promise<void>;
  /** Before a client's slice is sent: nobody sends other bytes there meanwhile, nor ever once they are confirmed. */
  claimSlice(
    id: string,
    slice: ClientSlice,
    md5: string,
    leaseMs: number,
  ): Promise<'claimed' | 'other-bytes' | 'busy'>;
  noteSlice(id: string, slice: ClientSlice, note: SliceNote): Promise<void>;
  /** What workers and clients did. A client's slices leave as many rows however often they are sent. */
  windows(id: string): Promise<WindowRecord[]>;
  addChain(id: string, record: ChainRecord): Promise<void>;
  /** In order of their offsets. */
  chain(id: string): Promise<ChainRecord[]>;
  /** Newest begun first, at most `limit`; `before` is the `next` of the page before, and only its absence means the end. */
  list(
    states: TransferState | readonly TransferState[],
    limit: number,
    before?: string,
    filter?: ListFilter,
  ): Promise<TransferPage>;
  /** How many there are of each state, as they stand while they are counted. */
  count(states: readonly TransferState[], span: CountSpan): Promise<TransferCounts>;
};
