import type { FileHandle } from 'node:fs/promises';
import { openWriter, type Stretch, type Writer } from './writer.ts';

/** Where the content of one request is written while it arrives. Nothing is stored by that: only its taker makes it count. */
export type Landing = Writer & {
  /** The bytes that are in the file, after `flush`. */
  read(): AsyncIterable<Buffer>;
  /** What a bad disk does, after `flush`: the first byte is another, the length stays. */
  damage(): Promise<void>;
  /** The request is over: what nobody took goes. */
  release(): Promise<void>;
};

const READ_BYTES = 256 * 1024;

export function openLanding(
  file: Promise<FileHandle>,
  stretch: Stretch,
  release: () => Promise<void>,
): Landing {
  const writer = openWriter(file, stretch);
  let length = 0;
  return {
    ...writer,
    add(piece) {
      length = Math.min(stretch.room, length + piece.length);
      writer.add(piece);
    },
    async *read() {
      const handle = await file;
      for (let from = 0; from < length; ) {
        const { buffer, bytesRead } = await handle.read({
          buffer: Buffer.allocUnsafe(Math.min(READ_BYTES, length - from)),
          position: stretch.at + from,
        });
        if (bytesRead === 0) throw new Error('the file is shorter than what was written to it');
        yield buffer.subarray(0, bytesRead);
        from += bytesRead;
      }
    },
    async damage() {
      const handle = await file;
      const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: stretch.at });
      buffer[0] = (buffer[0] ?? 0) ^ 0xff;
      if (length > 0) await handle.write(buffer, 0, 1, stretch.at);
    },
    async release() {
      await writer.stop();
      await release();
    },
  };
}
