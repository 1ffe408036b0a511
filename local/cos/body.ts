import type { IncomingMessage } from 'node:http';
import { Refused } from './codes.ts';

export type Body = {
  readonly bytes: Buffer;
  /** Hands the memory back for the next request; nobody may look into `bytes` any more. */
  release(): void;
};

/** The client went away before its request was whole. */
export class HungUp extends Error {
  override readonly name = 'HungUp';
}

const LARGEST_BODY_BYTES = 64 * 1024 * 1024;
const STEP_BYTES = 64 * 1024;
const KEPT_BYTES = 64 * 1024 * 1024;

export type BodyReader = (request: IncomingMessage) => Promise<Body>;

/**
 * Reads request bodies into recycled buffers: fresh memory for each slice costs page faults, and waits for
 * the garbage collector.
 */
export function bodyReader(): BodyReader {
  const pool = bufferPool();
  return async (request) => {
    const length = Number(request.headers['content-length']);
    if (length > LARGEST_BODY_BYTES) return tooLarge(request);
    if (!Number.isSafeInteger(length)) return { bytes: await gather(request), release: () => undefined };
    const buffer = pool.take(length);
    try {
      await fill(request, buffer);
      return { bytes: buffer.subarray(0, length), release: () => pool.give(buffer) };
    } catch (error) {
      pool.give(buffer);
      throw error;
    }
  };
}

function fill(request: IncomingMessage, buffer: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let at = 0;
    request.on('data', (chunk: Buffer) => {
      at += chunk.copy(buffer, at);
    });
    request.on('end', resolve);
    request.on('error', () => reject(new HungUp()));
    request.on('close', () => reject(new HungUp()));
  });
}

/** A body of unknown length: `Transfer-Encoding: chunked`. */
async function gather(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= LARGEST_BODY_BYTES) chunks.push(chunk);
  });
  await ended(request);
  if (length > LARGEST_BODY_BYTES) throw new Refused(-5999, 'the request is too large');
  return Buffer.concat(chunks, length);
}

async function tooLarge(request: IncomingMessage): Promise<never> {
  request.resume(); // an answer before the end would be lost: the client is still writing
  await ended(request);
  throw new Refused(-5999, 'the request is too large');
}

function ended(request: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    request.on('end', resolve);
    request.on('error', () => reject(new HungUp()));
    request.on('close', () => reject(new HungUp()));
  });
}

function bufferPool() {
  const free = new Map<number, Buffer[]>();
  let kept = 0;
  return {
    take(length: number): Buffer {
      const size = Math.max(1, Math.ceil(length / STEP_BYTES)) * STEP_BYTES;
      const buffer = free.get(size)?.pop();
      if (buffer) kept -= size;
      return buffer ?? Buffer.allocUnsafeSlow(size);
    },
    give(buffer: Buffer): void {
      if (kept + buffer.length > KEPT_BYTES) return;
      kept += buffer.length;
      const shelf = free.get(buffer.length);
      if (shelf) shelf.push(buffer);
      else free.set(buffer.length, [buffer]);
    },
  };
}
