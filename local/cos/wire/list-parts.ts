export type ListedParts = {
  /** Where the slices begin. */
  readonly offsets: Float64Array;
  readonly sliceSize: number;
  readonly filesize: number;
  readonly numbersAsStrings: boolean;
};

const MOST_DIGITS = 16; // of a whole number that JSON can carry

/**
 * `listparts` as JSON. It is written digit by digit: as objects, the 131,072 slices of the largest file
 * take `JSON.stringify` and the garbage collector half a second the first time.
 */
export function listPartsJson({ offsets, sliceSize, filesize, numbersAsStrings }: ListedParts): Buffer {
  const quote = numbersAsStrings ? '"' : '';
  const head = Buffer.from(`{"offset":${quote}`);
  const tailOf = (datalen: number) => Buffer.from(`${quote},"datalen":${quote}${datalen}${quote}},`);
  const tail = tailOf(sliceSize);
  const json = Buffer.allocUnsafe(2 + offsets.length * (head.length + MOST_DIGITS + tail.length));
  let at = json.write('[');
  for (const offset of offsets) {
    json.set(head, at);
    at = writeDigits(json, at + head.length, offset);
    const here = offset + sliceSize <= filesize ? tail : tailOf(filesize - offset);
    json.set(here, at);
    at += here.length;
  }
  if (offsets.length > 0) at -= 1; // the last comma
  at += json.write(']', at);
  return json.subarray(0, at);
}

/** Returns where the number ends. */
function writeDigits(bytes: Buffer, at: number, whole: number): number {
  let end = at + 1;
  for (let rest = whole; rest >= 10; rest /= 10) end += 1;
  let left = whole;
  for (let place = end - 1; place >= at; place -= 1) {
    const tenth = Math.floor(left / 10);
    bytes[place] = 48 + left - tenth * 10;
    left = tenth;
  }
  return end;
}
