/** The head of an answer. `length` of the body in bytes, if the server told; names in lower case. */
export type AnswerHead = {
  readonly status: number;
  readonly length: number | undefined;
  readonly headers: ReadonlyMap<string, string>;
};

/** Reads what stands before the empty line. Throws for what is not HTTP/1.1. */
export function readHead(text: string): AnswerHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new Error('an answer that is not HTTP/1.1');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = /^\d+$/.exec(headers.get('content-length') ?? '')?.[0];
  return { status: Number(status), length: length === undefined ? undefined : Number(length), headers };
}

export const isChunked = ({ headers }: AnswerHead): boolean =>
  /\bchunked\b/i.test(headers.get('transfer-encoding') ?? '');

/**
 * Takes a body in chunks apart (RFC 9112, 7.1), as far as it is there. `whole` once the empty chunk has come, or when
 * what comes is no chunk at all.
 */
export function dechunk(bytes: Buffer): { readonly content: Buffer; readonly whole: boolean } {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size =
      end < 0 ? undefined : /^[0-9a-f]{1,8}(?=;|[ \t]*$)/i.exec(bytes.toString('latin1', at, end))?.[0];
    const length = size === undefined ? Number.NaN : Number.parseInt(size, 16);
    if (end >= 0 && Number.isNaN(length)) return { content: Buffer.concat(chunks), whole: true };
    if (end < 0 || length === 0) return { content: Buffer.concat(chunks), whole: length === 0 };
    chunks.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
    if (at > bytes.length) return { content: Buffer.concat(chunks), whole: false };
  }
}
