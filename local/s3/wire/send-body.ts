import type { ServerResponse } from 'node:http';
import { isUnchanged, type StoredObject } from '../folder/stored-object.ts';
import type { ByteRange } from './byte-range.ts';

export type BodyEnd =
  | 'sent'
  /** The file was written to meanwhile, or broke: what was read last is withheld. */
  | 'withheld'
  /** The reader went away. */
  | 'gone';

/**
 * Writes a range of the open file into the answer, reading ahead by one piece. A piece is checked after
 * it was read and before it is sent, so that no byte of another version leaves. Memory: two pieces.
 */
export async function sendBody(
  answer: ServerResponse,
  object: StoredObject,
  range: ByteRange,
  onBytes: (count: number) => void,
): Promise<BodyEnd> {
  const end = range.offset + range.length;
  let offset = range.offset;
  let ahead = offset < end ? readPiece(object, offset, end) : undefined;
  while (ahead !== undefined) {
    const piece = await ahead;
    if (piece === undefined) return 'withheld';
    offset += piece.length;
    ahead = offset < end ? readPiece(object, offset, end) : undefined;
    onBytes(piece.length);
    if (!(await written(answer, piece.buffer.subarray(0, piece.length)))) {
      await ahead; // the file must not be closed under a read
      return 'gone'; // the socket may still hold the buffer, so it does not go back
    }
    spare.push(piece.buffer);
  }
  return 'sent';
}

type Piece = { readonly buffer: Buffer; readonly length: number };

const PIECE_BYTES = 1024 * 1024;

/** Buffers are used again: at full speed fresh ones would be several hundred a second. */
const spare: Buffer[] = [];

async function readPiece(object: StoredObject, offset: number, end: number): Promise<Piece | undefined> {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  const wanted = Math.min(PIECE_BYTES, end - offset);
  try {
    const { bytesRead } = await object.file.read(buffer, 0, wanted, offset);
    return bytesRead > 0 && isUnchanged(object) ? { buffer, length: bytesRead } : undefined;
  } catch {
    return undefined; // the headers are out: all that is left is to break off, as for a change
  }
}

/** Resolves when the kernel has taken the bytes: true, or false when the connection ended before. */
function written(answer: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  if (answer.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = () => resolve(false);
    answer.once('close', onClose);
    answer.write(bytes, (error) => {
      answer.off('close', onClose);
      resolve(!error);
    });
  });
}
