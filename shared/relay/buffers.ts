/** A fixed number of slice-sized buffers that go round: memory stays flat whatever the object's size. */
export type Buffers = {
  /** A buffer of `length` bytes, at most the slice size. Waits while all are out; rejects when `stop` fires. */
  take(length: number, stop: AbortSignal): Promise<Uint8Array>;
  give(buffer: Uint8Array): void;
};

export function openBuffers(count: number, sliceSize: number): Buffers {
  const free: ArrayBufferLike[] = [];
  const waiting: ((memory: ArrayBufferLike) => void)[] = [];
  let made = 0;

  const memory = (stop: AbortSignal): ArrayBufferLike | Promise<ArrayBufferLike> => {
    const idle = free.pop();
    if (idle) return idle;
    if (made < count) {
      made += 1;
      return Buffer.allocUnsafeSlow(sliceSize).buffer;
    }
    return new Promise((resolve, reject) => {
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
  };

  return {
    async take(length, stop) {
      stop.throwIfAborted();
      return Buffer.from(await memory(stop), 0, length);
    },
    give(buffer) {
      const next = waiting.shift();
      if (next) next(buffer.buffer);
      else free.push(buffer.buffer);
    },
  };
}
