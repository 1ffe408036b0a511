import { Refused } from './codes.ts';

/** Takes the pieces of one part's value; each is a view, not a copy. */
export type PartSink = (piece: Buffer) => void;

export type MultipartReader = {
  push(chunk: Buffer): void;
  /** Throws unless the closing boundary has come: the body is not whole. */
  end(): void;
};

const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const DASHES = 0x2d2d;
const RETURN = 0x0d;
const LONGEST_HEAD_BYTES = 16 * 1024;

/**
 * Reads `multipart/form-data` as it arrives and asks `open` for a sink for each part, by its name.
 * A part may or may not carry `filename="…"`; both are fields alike.
 */
export function multipartReader(contentType: string, open: (name: string) => PartSink): MultipartReader {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  const first = delimiter.subarray(LINE_END.length); // no line end stands before it
  let at: 'start' | 'head' | 'value' | 'end' = 'start';
  let sink: PartSink = () => undefined; // what stands before the first boundary is nobody's
  let rest: Buffer = Buffer.alloc(0);

  /** Uses up some of `rest`; false if it takes more bytes to go on. */
  const step = (): boolean => {
    switch (at) {
      case 'start':
        return readStart();
      case 'head':
        return readHead();
      case 'value':
        return readValue();
      case 'end':
        return false;
    }
  };

  const readStart = (): boolean => {
    if (rest.length < first.length) return false;
    const isFirst = rest.subarray(0, first.length).equals(first);
    if (isFirst) rest = rest.subarray(first.length);
    at = isFirst ? 'head' : 'value';
    return true;
  };

  const readHead = (): boolean => {
    if (rest.length >= 2 && rest.readUInt16BE(0) === DASHES) {
      at = 'end';
      return false;
    }
    const end = rest.indexOf(HEAD_END);
    if (end < 0 && rest.length > LONGEST_HEAD_BYTES)
      throw new Refused(-5999, 'a part without end of headers');
    if (end < 0) return false;
    sink = open(nameIn(rest.toString('utf8', 0, end)));
    rest = rest.subarray(end + HEAD_END.length);
    at = 'value';
    return true;
  };

  const readValue = (): boolean => {
    const end = rest.indexOf(delimiter);
    const sure = end < 0 ? endOfSure(rest, delimiter) : end;
    if (sure > 0) sink(rest.subarray(0, sure));
    rest = rest.subarray(end < 0 ? sure : end + delimiter.length);
    if (end < 0) return false;
    at = 'head';
    return true;
  };

  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (step());
      if (at === 'end') rest = rest.subarray(0, 0);
    },
    end() {
      if (at !== 'end') throw new Refused(-5999, 'the closing boundary is missing');
    },
  };
}

/** Where the bytes end that cannot be the beginning of a delimiter. */
function endOfSure(bytes: Buffer, delimiter: Buffer): number {
  const from = Math.max(0, bytes.length - delimiter.length + 1);
  for (let at = bytes.indexOf(RETURN, from); at >= 0; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes.subarray(at).equals(delimiter.subarray(0, bytes.length - at))) return at;
  }
  return bytes.length;
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw new Refused(-5999, 'multipart/form-data without a boundary');
  return boundary;
}

function nameIn(head: string): string {
  const line = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  const match = /;\s*name=(?:"([^"]*)"|([^;\s]+))/i.exec(line);
  const name = match?.[1] ?? match?.[2];
  if (name === undefined) throw new Refused(-5999, 'a part has no name');
  return name;
}
