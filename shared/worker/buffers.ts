/** Slice-sized buffers that go round: memory stays flat whatever the object's size. */
export type Buffers = {
  /** A buffer of `length` bytes, at most the slice size. Waits while as many as may be are out; rejects when `stop` fires. */
  take(length: number, stop: AbortSignal): Promise<Uint8Array>;
  give(buffer: Uint8Array): void;
};

/**
 * Kept from one window to the next: a worker that made its buffers anew for each would hold those of the last one too,
 * until they are collected.
 */
const idle: ArrayBufferLike[] = [];
const IDLE_MAX_BYTES = 64 * 1_048_576;

/** `most` buffers are out at once; it may change meanwhile. Those used last go out first: they are still in the cache. */
export function openBuffers(most: () => number, sliceSize: number): Buffers {
  const waiting: ((memory: ArrayBufferLike) => void)[] = [];
  let out = 0;

  const memory = (): ArrayBufferLike => {
    out += 1;
    for (let kept = idle.pop(); kept; kept = idle.pop()) if (kept.byteLength === sliceSize) return kept;
    return Buffer.allocUnsafeSlow(sliceSize).buffer;
  };

  const turn = (stop: AbortSignal): Promise<ArrayBufferLike> =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(receive), 1);
        reject(stop.reason);
      };
      const receive = (given: ArrayBufferLike) => {
        stop.removeEventListener('abort', giveUp);
        resolve(given);
      };
      stop.addEventListener('abort', giveUp, { once: true });
      waiting.push(receive);
    });

  return {
    async take(length, stop) {
      stop.throwIfAborted();
      return Buffer.from(out < most() ? memory() : await turn(stop), 0, length);
    },
    give(buffer) {
      out -= 1;
      if ((idle.length + 1) * sliceSize <= IDLE_MAX_BYTES) idle.push(buffer.buffer);
      while (out < most()) {
        const next = waiting.shift();
        if (!next) return;
        next(memory());
      }
    },
  };
}
