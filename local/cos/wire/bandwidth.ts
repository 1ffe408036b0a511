import { Transform } from 'node:stream';

/** A connection to the world that all clients share. */
export type Bandwidth = {
  /** Resolves when these bytes would have come through. */
  pass(bytes: number): Promise<void>;
};

export function openBandwidth(bytesPerSecond: number): Bandwidth {
  let freeAt = 0; // ms of the monotonic clock
  return {
    pass(bytes) {
      const now = performance.now();
      freeAt = Math.max(now, freeAt) + (bytes * 1000) / bytesPerSecond;
      return new Promise((resolve) => setTimeout(resolve, freeAt - now));
    },
  };
}

/** What goes through it goes no faster than the bandwidth. */
export const throttled = (bandwidth: Bandwidth): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      void bandwidth.pass(chunk.length).then(() => done(null, chunk));
    },
  });
