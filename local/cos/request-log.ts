import type { FaultAct } from './faults.ts';
import { type Call, offsetOf, sessionOf } from './wire/call.ts';

/** One request as it was seen here. Tests and benchmarks count what arrived, not what a client says it sent. */
export type RequestRecord = {
  /** The operation; `download`, `unknown` (unreadable) or `aborted` (the client went away while sending). */
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
  asks(call: Call, act: FaultAct | undefined): void;
  decided(code: number): void;
};

export type RequestLog = {
  readonly records: readonly RequestRecord[];
  open(requestId: string): LogEntry;
};

export function requestLog(): RequestLog {
  const records: RequestRecord[] = [];
  const intern = interner();
  return { records, open: (requestId) => openEntry(requestId, records, intern) };
}

function openEntry(requestId: string, records: RequestRecord[], intern: (text: string) => string): LogEntry {
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
    records.push(record);
  };
  return {
    requestId,
    enter,
    aborted() {
      record.op = 'aborted';
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
  };
}

/** A hundred thousand records name the same few paths and sessions: keep one copy of each text. */
function interner(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const held = known.get(text);
    if (held !== undefined) return held;
    known.set(text, text);
    return text;
  };
}
