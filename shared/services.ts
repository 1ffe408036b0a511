import type { Config } from './config.ts';
import type { CosClient } from './cos/client.ts';
import type { Pace } from './cos/pace.ts';
import type { Log, RelayEvent } from './observe/observe.ts';
import type { EgressBudget } from './records/egress-budget.ts';
import type { JobStore } from './records/job-store.ts';
import type { Receipt } from './records/receipt.ts';
import type { TransferStore } from './records/store.ts';
import type { ObjectSource } from './s3/object-source.ts';
import type { Clock, EpochMillis } from './time.ts';

type RelaySettings = {
  /** Objects up to this size go in one request, in bytes; COS takes at most 20 MB so. */
  readonly smallObjectMax: number;
  /** Larger objects fail by name before anything is sent, in bytes. */
  readonly maxObjectBytes: number;
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
  /** How often a worker writes down what COS confirmed so far, in ms. */
  readonly progressMs: number;
};

/** Where copies of the receipts go, besides the table. */
export type ReceiptCopies = { put(receipt: Receipt, signal: AbortSignal): Promise<void> };

/** All a step may use; built once, in `wiring.ts`. */
export type Services = {
  readonly cos: CosClient;
  readonly source: ObjectSource;
  readonly store: TransferStore;
  readonly receipts?: ReceiptCopies | undefined;
  /** Undefined where there is none. */
  readonly budget?: EgressBudget | undefined;
  readonly pace: Pace;
  readonly settings: RelaySettings;
  readonly clock: Clock;
  /** A name nobody else has, such as a call's own. */
  readonly newId: () => string;
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

/** Starts executions of `relay.asl.yml`. */
export type Machine = {
  /** A second start under the same name is refused by the machine and is fine. */
  start(name: string, input: { readonly transferId: string }): Promise<void>;
};

/** A message as the queue gave it out. */
export type QueuedMessage = {
  readonly body: string;
  readonly receiptHandle?: string | undefined;
  /** How often it was given out. */
  readonly receives: number;
  /** A copy that was made to wait: none of its receives was a try. */
  readonly waits: boolean;
};

/** `stays`: the message itself comes again; `copied`: a copy of it does, and this one is done. */
type Held = 'stays' | 'copied';

/** How messages wait in their queue without using up their tries. */
export type EventHold = {
  /** It comes again when the time has come, or before, and waits on then. */
  until(message: QueuedMessage, at: EpochMillis, now: EpochMillis): Promise<Held>;
  /** A copy that waited and failed comes again as a message that was never given out. */
  renewed(message: QueuedMessage): Promise<void>;
};

/** What a call of the API may use besides the services of a step. */
export type ApiServices = Services & { readonly config: Config; readonly machine: Machine };

/** How an execution of `backfill.asl.yml` stands. */
export type BackfillRun = {
  readonly status: 'running' | 'succeeded' | 'failed' | 'stopped';
  /** What the data set names, and how many batches go at once; undefined before it is read. */
  readonly objects?: { readonly total: number; readonly concurrency: number } | undefined;
};

/** Starts and leads executions of `backfill.asl.yml`. */
export type BackfillMachine = {
  start(name: string, input: object): Promise<void>;
  /** Undefined if there is no such execution. */
  look(name: string): Promise<BackfillRun | undefined>;
  /** False if no map of it runs. */
  setConcurrency(name: string, concurrency: number): Promise<boolean>;
  stop(name: string): Promise<void>;
};

export type FilePlace = { readonly bucket: string; readonly key: string };

/** In bytes. */
type FileRange = { readonly from: number; readonly length: number };
/** `size` is the whole file's, in bytes. */
type FilePart = { readonly bytes: Uint8Array; readonly size: number };

/** The files of reports. */
export type ReportFiles = {
  /** The lines of a text file. Throws SourceMissing if there is none. */
  lines(place: FilePlace, signal: AbortSignal): AsyncIterable<string>;
  /** At most so many bytes of a file from an offset below its size on. Throws SourceMissing if there is none. */
  part(place: FilePlace, range: FileRange, signal: AbortSignal): Promise<FilePart>;
  /** Writes a whole file, or none. */
  write(place: FilePlace, lines: AsyncIterable<string>, signal: AbortSignal): Promise<void>;
};

/** What backfills use besides. */
export type BackfillServices = ApiServices & {
  readonly jobs: JobStore;
  readonly backfills: BackfillMachine;
  readonly files: ReportFiles;
};
