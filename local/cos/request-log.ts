import type { FaultAct } from './faults.ts';
import { type Call, offsetOf, sessionOf } from './wire/call.ts';

/** One request as it was seen here. Tests and benchmarks count what arrived, not what a client says it sent. */
export type RequestRecord = {
  /** The operation; `download`, `preflight`, `unknown` (unreadable) or `aborted` (the client went away while sending). */
  readonly op: string;
  readonly bucket: string;
  readonly path: string;
  readonly offset?: number;
  /** Bytes of file content in the request, not of the request. */
  readonly bytes: number;
  /** What the endpoint decided, even if a fault kept the client from hearing it; none if it never decided. */
  readonly code?: number;
  /** When the request was whole: epoch milliseconds of the real clock. */
  readonly at: number;
  readonly session?: string;
  readonly requestId: string;
  readonly fault?: string;
};

/** A record on its way: what is known is added as it becomes known. */
export type LogEntry = {
  readonly requestId: string;
  /** Puts the record into the log, the first time it is called. */
  enter(): void;
  aborted(): void;
  preflight(): void;
  asks(call: Call, act: FaultAct | undefined): void;
  decided(code: number): void;
  /** The request is over: its record is whole. */
  close(): void;
};

export type RequestLog = {
  readonly records: readonly RequestRecord[];
  open(requestId: string): LogEntry;
  clear(): void;
};

export type LogOptions = {
  /** How many records stay in memory: all unless given. */
  readonly keep: number | undefined;
  readonly onRecord: ((record: RequestRecord) => void) | undefined;
};

export function requestLog({ keep = Infinity, onRecord }: LogOptions): RequestLog {
  const records: RequestRecord[] = [];
  const log: EntryParts = { intern: interner(), add, onRecord: onRecord ?? (() => undefined) };

  function add(record: RequestRecord): void {
    records.push(record);
    if (records.length > keep + SPARE_RECORDS) records.splice(0, records.length - keep);
  }

  return {
    records,
    open: (requestId) => openEntry(requestId, log),
    clear: () => void records.splice(0),
  };
}

const SPARE_RECORDS = 1_000; // above the limit: moving the whole array for each one would cost

type EntryParts = {
  intern(text: string): string;
  add(record: RequestRecord): void;
  onRecord(record: RequestRecord): void;
};

function openEntry(requestId: string, { intern, add, onRecord }: EntryParts): LogEntry {
  const record: { -readonly [name in keyof RequestRecord]: RequestRecord[name] } = {
    op: 'unknown',
    bucket: '',
    path: '',
    bytes: 0,
    at: 0,
    requestId,
  };
  const enter = (): void => {
    if (record.at !== 0) return;
    record.at = Date.now();
    add(record);
  };
  return {
    requestId,
    enter,
    aborted() {
      record.op = 'aborted';
      enter();
    },
    preflight() {
      record.op = 'preflight';
      enter();
    },
    asks(call, act) {
      const offset = offsetOf(call);
      const session = sessionOf(call);
      record.op = intern(call.op);
      record.bucket = intern(call.address.bucket);
      record.path = intern(call.address.path);
      record.bytes = call.form.content?.length ?? 0;
      if (offset !== undefined) record.offset = offset;
      if (session !== undefined) record.session = intern(session);
      if (act) record.fault = act.kind;
    },
    decided(code) {
      enter();
      record.code = code;
    },
    close() {
      enter();
      onRecord(record);
    },
  };
}

const KNOWN_TEXTS = 100_000;

/** A hundred thousand records name the same few paths and sessions: keep one copy of each text. */
function interner(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    if (known.size > KNOWN_TEXTS) known.clear();
    const held = known.get(text);
    if (held !== undefined) return held;
    known.set(text, text);
    return text;
  };
}
