import { hash, randomUUID } from 'node:crypto';
import { addAbortSignal, type Readable } from 'node:stream';
import type { Slice } from '../../shared/slices/slices.ts';
import { type Content, ContentChanged } from './content.ts';

export type StreamFacts = {
  /** Of the whole stream, in bytes. */
  readonly size: number;
  /** The caller's name for exactly these bytes. */
  readonly key: string | undefined;
};

/**
 * A stream of known size, such as standard input. Its bytes pass once, in order: what COS holds already is read and let go.
 * Nothing of it is kept but the slices in flight.
 */
export function openStream(stream: Readable, { size, key }: StreamFacts, signal: AbortSignal): Content {
  const pieces = addAbortSignal(signal, stream)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let position = 0;
  let rest = new Uint8Array() as Uint8Array;

  /** At most `most` bytes; none at the end of the stream. */
  const some = async (most: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const { value, done } = await pieces.next();
      if (done) return rest;
      rest = value;
    }
    const taken = rest.subarray(0, most);
    rest = rest.subarray(taken.length);
    return taken;
  };
  const take = async (length: number, into?: Uint8Array): Promise<void> => {
    for (let filled = 0; filled < length; ) {
      const piece = await some(length - filled);
      if (piece.length === 0)
        throw new ContentChanged(
          `standard input ended after ${position} of ${size} bytes; nothing was finished`,
        );
      into?.set(piece, filled);
      filled += piece.length;
      position += piece.length;
    }
  };
  const readOne = async ({ offset, length }: Slice): Promise<Uint8Array<ArrayBuffer>> => {
    if (offset < position)
      throw new ContentChanged(
        `COS lost the slice at ${offset}, and standard input cannot be read a second time; send it again`,
      );
    const bytes = new Uint8Array(length);
    await take(offset - position);
    await take(length, bytes);
    return bytes;
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    size,
    version: key === undefined ? `stream ${randomUUID()}` : `named ${hash('sha256', key).slice(0, 32)}`,
    isOnce: key === undefined,
    from: () => position,
    read(slice) {
      const mine = last.then(() => readOne(slice));
      last = mine.catch(() => undefined); // whoever asked hears of it
      return mine;
    },
    async mustBeUnchanged() {
      await take(size - position);
      if ((await some(1)).length === 0) return;
      throw new ContentChanged(
        `standard input has more than the ${size} bytes of --size; nothing was finished`,
      );
    },
    close: async () => void stream.destroy(),
  };
}
