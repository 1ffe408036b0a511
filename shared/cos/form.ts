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
const AFTER = Buffer.from(END);
const EMPTY = Buffer.alloc(0);
/** Its type is said: form-data would look for it in a table that the bundles do without. */
const FILE = { filename: 'filecontent', contentType: 'application/octet-stream' };

/** Stands for the value of a field while the framing around it is made. */
const VALUE = '\0';
const shapes = new Map<string, readonly string[]>();

/**
 * Frames fields, and `filecontent` if given, as multipart/form-data (RFC 7578; page 436/6068 shows one). The same form can be
 * sent any number of times.
 */
export function frame(fields: Readonly<Record<string, string>>, content?: Uint8Array): Form {
  const [first = '', ...others] = framingOf(Object.keys(fields), content !== undefined);
  const values = Object.values(fields);
  const framing = others.reduce((text, next, index) => text + values[index] + next, first);
  if (content === undefined) {
    const whole = Buffer.from(framing);
    return { contentType: CONTENT_TYPE, length: whole.length, pieces: [whole] };
  }
  // form-data frames an empty file; our bytes go between its header and its last boundary.
  const before = Buffer.from(framing.slice(0, -END.length));
  return {
    contentType: CONTENT_TYPE,
    length: before.length + content.length + AFTER.length,
    pieces: [before, content, AFTER],
  };
}

/** What form-data writes around the values of fields of these names: made once, since each slice has the same. */
function framingOf(names: readonly string[], hasContent: boolean): readonly string[] {
  const shape = JSON.stringify([names, hasContent]);
  const known = shapes.get(shape);
  if (known) return known;
  const form = new FormData();
  form.setBoundary(BOUNDARY);
  for (const name of names) form.append(name, VALUE);
  if (hasContent) form.append('filecontent', EMPTY, FILE);
  const framing = form.getBuffer().toString().split(VALUE);
  shapes.set(shape, framing);
  return framing;
}
