import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The bytes of one unfinished upload, and the journal that says which slices are among them. */
export type SliceFile = {
  /** Offsets of the slices held, the one stored last at the end. */
  readonly held: ReadonlySet<number>;
  /** Resolves when the bytes are in the file and then in the journal: a kill forgets, it never invents. */
  write(offset: number, pieces: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
};

const ENTRY_BYTES = 16; // offset and length, eight bytes each
const IDLE_MS = 5_000; // then the files are closed: thousands of uploads may lie unfinished

type Handles = { readonly data: Promise<FileHandle>; readonly journal: number };

export function openSliceFile(dataPath: string, journalPath: string): SliceFile {
  const held = readJournal(journalPath);
  let handles: Handles | undefined;
  let writing = 0;
  let idle: NodeJS.Timeout | undefined;

  const take = (): Handles => {
    handles ??= { data: open(dataPath, 'r+'), journal: openSync(journalPath, 'a') };
    return handles;
  };
  const close = async () => {
    clearTimeout(idle);
    const closing = handles;
    handles = undefined;
    if (!closing) return;
    closeSync(closing.journal);
    await closing.data.then((data) => data.close());
  };

  return {
    held,
    async write(offset, pieces) {
      writing += 1;
      clearTimeout(idle);
      try {
        const { data, journal } = take();
        const length = await writeWhole(await data, offset, pieces);
        writeSync(journal, entry(offset, length));
        held.delete(offset); // to the end: the last one stored is the last one in the set
        held.add(offset);
      } finally {
        writing -= 1;
        if (writing === 0) idle = setTimeout(close, IDLE_MS).unref();
      }
    },
    close,
  };
}

/** One system call for all pieces; what a full disk or a signal cut off is tried again, and then fails. */
async function writeWhole(data: FileHandle, offset: number, pieces: readonly Uint8Array[]): Promise<number> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let { bytesWritten } = await data.writev(pieces, offset);
  if (bytesWritten === length) return length;
  for (const rest = Buffer.concat(pieces); bytesWritten < length; ) {
    const more = await data.write(rest, bytesWritten, length - bytesWritten, offset + bytesWritten);
    bytesWritten += more.bytesWritten;
  }
  return length;
}

function entry(offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_BYTES);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  bytes.writeBigUInt64LE(BigInt(length), 8);
  return bytes;
}

/** An entry cut short by a kill at the end is not there. */
function readJournal(path: string): Set<number> {
  const bytes = readFileSync(path, { flag: 'a+' });
  const held = new Set<number>();
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const offset = Number(bytes.readBigUInt64LE(at));
    held.delete(offset);
    held.add(offset);
  }
  return held;
}
