import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type AnswerHead, dechunk, isChunked, readHead } from './answer-head.ts';

/**
 * One keep-alive HTTP/1.1 connection that carries one GET at a time and lets the kernel write the body straight into
 * the memory of whoever asks. A general client makes a new 64 KiB buffer for every read of a socket: at full speed
 * the collector then takes a seventh of the time.
 */
export type RangeConnection = {
  /** Sends a GET of `target`, to the byte as it stands; resolves with the head of its answer. */
  get(target: string, headers: Readonly<Record<string, string>>): Promise<AnswerHead>;
  /** Resolves when all of `memory` holds the next bytes of the body. Rejects, and the connection is dead, if they do not come. */
  fill(memory: Uint8Array): Promise<void>;
  /** What there is of a short body, at most 64 KiB, out of its chunks if it came so. The connection is dead afterwards. */
  text(): Promise<string>;
  /** Bytes of this body that reached the memory of `fill`. */
  readonly received: number;
  /** The body was read whole, and the connection is open for the next GET. */
  readonly free: boolean;
  cut(): void;
};

type PendingRead = PromiseWithResolvers<void> & { readonly memory: Uint8Array | undefined; filled: number };

const SCRATCH_BYTES = 16_384;
const HEAD_MAX_BYTES = 65_536;
const TEXT_MAX_BYTES = 65_536;

/** Where to connect to; of a signed address, no more than this is read. */
export type Place = Pick<URL, 'protocol' | 'hostname' | 'port' | 'host' | 'origin'>;

/** Connects at once; `idleTimeoutMs` is the longest silence while something is awaited. */
export function openRangeConnection(
  { protocol, hostname, port, host }: Place,
  idleTimeoutMs: number,
): RangeConnection {
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  let early: Buffer[] = []; // came before anybody asked for it
  let pending: PendingRead | undefined;
  let left = 0; // of the body, not yet here
  let received = 0;
  let answer: AnswerHead | undefined;
  let state: 'free' | 'busy' | 'dead' = 'free';
  let trouble: Error | undefined;

  const onread = {
    // asked for again after every read
    buffer: () => (pending?.memory ? pending.memory.subarray(pending.filled) : scratch),
    callback: (count: number, into: Uint8Array) => {
      arrived(count, into);
      return pending !== undefined || state === 'free'; // else the kernel keeps what comes, and the window closes
    },
  };
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), onread };
  const socket =
    protocol === 'https:'
      ? connectTls({
          ...address,
          port: address.port || 443,
          servername: hostname,
          ALPNProtocols: ['http/1.1'],
        })
      : connectTcp({ ...address, port: address.port || 80, noDelay: true });
  socket.on('timeout', () => socket.destroy(new Error(`nothing within ${idleTimeoutMs} ms`)));
  socket.on('error', (error) => {
    trouble = error;
  });
  socket.on('close', () => {
    state = 'dead';
    refuse(trouble ?? new Error('the connection was closed'));
  });

  const arrived = (count: number, into: Uint8Array): void => {
    if (state === 'free')
      socket.destroy(); // nobody asked: the two sides are out of step
    else if (into === scratch) sort(into.subarray(0, count));
    else took(count);
  };
  /** What fell into the scratch: the first bytes after a pause, or a head. */
  const sort = (bytes: Uint8Array): void => {
    let used = 0;
    if (pending?.memory) {
      used = Math.min(bytes.length, pending.memory.length - pending.filled);
      pending.memory.set(bytes.subarray(0, used), pending.filled);
      took(used);
    }
    if (used < bytes.length) early.push(Buffer.from(bytes.subarray(used)));
    if (pending && !pending.memory) settle();
  };
  const took = (count: number): void => {
    if (!pending?.memory) return;
    pending.filled += count;
    received += count;
    left -= count;
    if (pending.filled === pending.memory.length) settle();
  };
  const settle = (): void => {
    socket.setTimeout(0);
    const granted = pending;
    pending = undefined;
    if (left === 0 && received > 0) rest();
    granted?.resolve();
  };
  const refuse = (error: Error): void => {
    const refused = pending;
    pending = undefined;
    refused?.reject(error);
  };
  const rest = (): void => {
    if (state !== 'busy' || early.length > 0) return;
    state = 'free';
    socket.unref(); // an idle connection keeps nobody from ending
  };
  /** Waits for bytes: for `memory` to be full, or without it for any at all. */
  const awaited = (memory?: Uint8Array): Promise<void> => {
    if (state === 'dead') return Promise.reject(trouble ?? new Error('the connection was closed'));
    const made: PendingRead = { ...Promise.withResolvers<void>(), memory, filled: 0 };
    pending = made;
    if (memory && early.length > 0) takeEarly(made, memory);
    if (pending === made) {
      socket.setTimeout(idleTimeoutMs);
      socket.resume();
    }
    return made.promise;
  };
  const takeEarly = (made: PendingRead, memory: Uint8Array): void => {
    const [bytes = scratch.subarray(0, 0), ...more] = early;
    const used = bytes.copy(memory, made.filled);
    early = used < bytes.length ? [bytes.subarray(used), ...more] : more;
    took(used);
    if (pending === made && early.length > 0) takeEarly(made, memory);
  };

  const head = async (): Promise<AnswerHead> => {
    for (;;) {
      const bytes = Buffer.concat(early);
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) {
        early = end + 4 < bytes.length ? [bytes.subarray(end + 4)] : [];
        return readHead(bytes.toString('latin1', 0, end));
      }
      if (bytes.length > HEAD_MAX_BYTES) throw new Error('an answer without end of headers');
      await awaited();
    }
  };

  return {
    async get(target, headers) {
      state = state === 'dead' ? 'dead' : 'busy';
      [early, received] = [[], 0];
      socket.ref();
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`);
      answer = await head();
      left = answer.length ?? 0;
      return answer;
    },
    fill: (memory) => awaited(memory),
    async text() {
      const chunked = answer !== undefined && isChunked(answer);
      const enough = Math.min(answer?.length ?? TEXT_MAX_BYTES, TEXT_MAX_BYTES);
      const isWhole = (bytes: Buffer) => bytes.length >= enough || (chunked && dechunk(bytes).whole);
      try {
        while (!isWhole(Buffer.concat(early))) await awaited();
      } catch {
        // the server closed it: that is an end too
      }
      socket.destroy();
      const bytes = Buffer.concat(early);
      return (chunked ? dechunk(bytes).content : bytes).toString();
    },
    get received() {
      return received;
    },
    get free() {
      return state === 'free';
    },
    cut: () => void socket.destroy(),
  };
}
