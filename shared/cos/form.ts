import { randomBytes } from 'node:crypto';
import FormData from 'form-data';

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
const END = `\r\n--${BOUNDARY}--\r\n`;
const EMPTY = Buffer.alloc(0);
/** Its type is said: form-data would look for it in a table that the bundles do without. */
const FILE = { filename: 'filecontent', contentType: 'application/octet-stream' };

/**
 * Frames fields, and `filecontent` if given, as multipart/form-data (RFC 7578; page 436/6068 shows one). The same form can be
 * sent any number of times.
 */
export function frame(fields: Readonly<Record<string, string>>, content?: Uint8Array): Form {
  const form = new FormData();
  form.setBoundary(BOUNDARY);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // form-data frames an empty file; our bytes go between its header and its last boundary.
  if (content !== undefined) form.append('filecontent', EMPTY, FILE);
  const framing = form.getBuffer();
  if (content === undefined) return { contentType: CONTENT_TYPE, length: framing.length, pieces: [framing] };
  const cut = framing.length - END.length;
  return {
    contentType: CONTENT_TYPE,
    length: framing.length + content.length,
    pieces: [framing.subarray(0, cut), content, framing.subarray(cut)],
  };
}
