import { Refused } from './codes.ts';

export type Part = { readonly name: string; readonly bytes: Buffer };

const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const DASHES = 0x2d2d;

/**
 * The parts of a whole `multipart/form-data` body. Nothing is copied: each part is a view into `body`.
 * A part may or may not carry `filename="…"`; both are fields alike.
 */
export function readParts(body: Buffer, contentType: string): Part[] {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  const parts: Part[] = [];
  let at = firstPart(body, delimiter);
  while (!isLast(body, at)) {
    const headStart = lineEnd(body, at);
    const headEnd = find(body, HEAD_END, headStart - LINE_END.length, 'a part has no end of its headers');
    const start = headEnd + HEAD_END.length;
    const end = find(body, delimiter, start - LINE_END.length, 'the closing boundary is missing');
    const head = body.toString('utf8', headStart, headEnd);
    parts.push({ name: nameIn(head), bytes: body.subarray(start, Math.max(start, end)) });
    at = end + delimiter.length;
  }
  return parts;
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw new Refused(-5999, 'multipart/form-data without a boundary');
  return boundary;
}

/** The body begins with the delimiter, without the line end that goes before all later ones. */
function firstPart(body: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(LINE_END.length);
  if (body.subarray(0, bare.length).equals(bare)) return bare.length;
  return find(body, delimiter, 0, 'the boundary does not occur') + delimiter.length;
}

const isLast = (body: Buffer, at: number): boolean =>
  at + 2 <= body.length && body.readUInt16BE(at) === DASHES;

const lineEnd = (body: Buffer, at: number): number =>
  find(body, LINE_END, at, 'a boundary has no line end') + LINE_END.length;

function nameIn(head: string): string {
  const line = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  const match = /;\s*name=(?:"([^"]*)"|([^;\s]+))/i.exec(line);
  const name = match?.[1] ?? match?.[2];
  if (name === undefined) throw new Refused(-5999, 'a part has no name');
  return name;
}

function find(body: Buffer, what: Buffer, from: number, otherwise: string): number {
  const at = body.indexOf(what, from);
  if (at < 0) throw new Refused(-5999, otherwise);
  return at;
}
