import { randomBytes } from 'node:crypto';

/** A multipart body in pieces: `content` is the caller's own bytes, neither copied nor joined. */
export type Form = {
  readonly contentType: string;
  /** In bytes. */
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
};

/** Of all forms of a process: nobody but COS is told, so no content can be made to hold it. */
const BOUNDARY = `cos-slice-relay-${randomBytes(16).toString('hex')}`;
const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
const CONTENT_HEAD =
  'Content-Disposition: form-data; name="filecontent"; filename="filecontent"\r\nContent-Type: application/octet-stream';

/**
 * Frames fields, and `filecontent` if given, as multipart/form-data (RFC 7578; page 436/6068 shows one). The same form can be
 * sent any number of times. Names are our own; a value stands as it is.
 */
export function frame(fields: Readonly<Record<string, string>>, content?: Uint8Array): Form {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
  );
  if (content !== undefined) parts.push(`--${BOUNDARY}\r\n${CONTENT_HEAD}\r\n\r\n`);
  const head = Buffer.from(parts.join('\r\n'));
  const pieces = content === undefined ? [Buffer.concat([head, END])] : [head, content, END];
  return {
    contentType: CONTENT_TYPE,
    length: pieces.reduce((sum, { length }) => sum + length, 0),
    pieces,
  };
}
