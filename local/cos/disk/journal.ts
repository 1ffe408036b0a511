import { readFileSync } from 'node:fs';

/** A slice as the journal names it. `spare` 0: it lies in its own place; else in that spare place behind the file's end. */
export type Entry = { readonly offset: number; readonly length: number; readonly spare: number };

const ENTRY_BYTES = 16; // offset eight bytes, length and spare four each, the low byte first
const HIGH = 2 ** 32;

export function entryBytes({ offset, length, spare }: Entry): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_BYTES);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(spare, 12);
  return bytes;
}

/** Hands on each entry, the oldest first. One cut short by a kill at the end is not there. */
export function readJournal(path: string, hold: (offset: number, spare: number) => void): void {
  const bytes = readFileSync(path, { flag: 'a+' });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const offset = view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH;
    hold(offset, view.getUint32(at + 12, true));
  }
}
