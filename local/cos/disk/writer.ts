import type { FileHandle } from 'node:fs/promises';

/** Bytes on their way into one stretch of a file. */
export type Writer = {
  /** Takes the next bytes as they are, without a copy; what goes beyond the stretch is left out. */
  add(piece: Uint8Array): void;
  /** To be awaited before more is added, while as much waits as may wait. */
  ready(): Promise<void> | undefined;
  /** Resolves when every byte is in the file; throws what kept them out. */
  flush(): Promise<void>;
  /** Resolves when nothing will be written any more; a later `flush` throws. */
  stop(): Promise<void>;
};

/** From the byte `at`, no more than `room` bytes. */
export type Stretch = { readonly at: number; readonly room: number };

/** As much as one system call writes; at most twice as much waits in memory for one request. */
const BATCH_BYTES = 256 * 1024;

export function openWriter(file: Promise<FileHandle>, { at, room }: Stretch): Writer {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let taken = 0;
  let running: Promise<void> | undefined;
  let trouble: Error | undefined;

  const fail = (error: unknown) => {
    trouble ??= error instanceof Error ? error : new Error(String(error));
    waiting = [];
    waitingBytes = 0;
  };
  const drain = async (least: number): Promise<void> => {
    try {
      while (waitingBytes >= least) {
        const [batch, from] = [waiting, at + taken - waitingBytes];
        waiting = [];
        waitingBytes = 0;
        await writeWhole(await file, from, batch);
      }
    } catch (error) {
      fail(error);
    } finally {
      running = undefined;
    }
  };

  return {
    add(piece) {
      const left = room - taken;
      if (trouble || left <= 0) return;
      const fitting = piece.length > left ? piece.subarray(0, left) : piece;
      waiting.push(fitting);
      waitingBytes += fitting.length;
      taken += fitting.length;
      if (waitingBytes >= BATCH_BYTES) running ??= drain(BATCH_BYTES);
    },
    ready: () => (waitingBytes >= BATCH_BYTES ? running : undefined),
    async flush() {
      await running;
      await drain(1);
      if (trouble) throw trouble;
    },
    async stop() {
      fail(new Error('the upload ended while these bytes were on their way'));
      await running;
    },
  };
}

/** One system call for all pieces; what a full disk or a signal cut off is tried again, and then fails. */
async function writeWhole(file: FileHandle, at: number, pieces: readonly Uint8Array[]): Promise<void> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let { bytesWritten } = await file.writev(pieces, at);
  if (bytesWritten === length) return;
  for (const rest = Buffer.concat(pieces); bytesWritten < length; ) {
    const more = await file.write(rest, bytesWritten, length - bytesWritten, at + bytesWritten);
    bytesWritten += more.bytesWritten;
  }
}
