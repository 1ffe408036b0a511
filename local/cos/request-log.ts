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

export type OpenRecord = { -readonly [name in keyof RequestRecord]: RequestRecord[name] };

/** A hundred thousand records name the same few paths and sessions: keep one copy of each text. */
export function interner(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const held = known.get(text);
    if (held !== undefined) return held;
    known.set(text, text);
    return text;
  };
}
