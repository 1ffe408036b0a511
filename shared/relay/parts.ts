import type { CosClient } from '../cos/client.ts';
import type { Receipt } from '../session/receipt.ts';
import type { TransferStore } from '../session/store.ts';
import type { ObjectSource } from '../source/source.ts';
import type { Clock } from '../time.ts';
import type { Pace } from './pace.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
/** Structured logs; never a key, never a signature. */
export type Log = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
};

/** What happens, for metrics and progress bars. Sizes in bytes, times in ms. */
export type RelayEvent =
  | {
      readonly kind: 'listed';
      readonly transferId: string;
      readonly size: number;
      readonly heldBytes: number;
      readonly held: number;
      readonly missing: number;
      readonly first: boolean;
    }
  | {
      readonly kind: 'slice-sent';
      readonly transferId: string;
      readonly bytes: number;
      readonly inFlight: number;
      readonly resent: boolean;
    }
  | {
      readonly kind: 'window-sent';
      readonly transferId: string;
      readonly bytes: number;
      readonly slices: number;
      readonly resent: number;
    }
  | { readonly kind: 'hashed'; readonly transferId: string; readonly bytes: number; readonly size: number }
  | {
      readonly kind: 'stored';
      readonly transferId: string;
      readonly bytes: number;
      readonly tookMs: number;
      readonly how: string;
    }
  /** A request to COS is sent again; `code` is what COS said, if it said anything. */
  | { readonly kind: 'retried'; readonly code: number | undefined }
  | { readonly kind: 'ended'; readonly transferId: string; readonly state: string; readonly error: string };

type RelaySettings = {
  /** Objects up to this size go in one request, in bytes; COS takes at most 20 MB so. */
  readonly smallObjectMax: number;
  /** One ranged read of S3, in bytes. */
  readonly readBytes: number;
  /** Ranged reads under way at once in a worker. */
  readonly readers: number;
  /** Slices in flight at most in a worker. */
  readonly maxInFlight: number;
  readonly windowBytes: number;
  readonly maxWindows: number;
  /** Workers at once on one object. */
  readonly maxConcurrency: number;
  /** How often a worker looks whether its transfer was cancelled or superseded, in ms. */
  readonly watchMs: number;
};

/** Where copies of the receipts go, besides the table. */
export type ReceiptShelf = { put(receipt: Receipt, signal: AbortSignal): Promise<void> };

/** All a step may use; built once, in `wiring.ts`. */
export type RelayParts = {
  readonly cos: CosClient;
  readonly source: ObjectSource;
  readonly store: TransferStore;
  readonly receipts?: ReceiptShelf | undefined;
  readonly pace: Pace;
  readonly settings: RelaySettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: (event: RelayEvent) => void;
};

/** How long a step may go on. */
export type StepTime = {
  /** Fires while there is still time to hand unfinished work back. */
  readonly stop: AbortSignal;
  /** Fires when nothing more may be sent. */
  readonly signal: AbortSignal;
};
