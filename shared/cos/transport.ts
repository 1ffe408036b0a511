import { Pool } from 'undici';
import { asError, CosUnavailable } from '../errors.ts';
import { requestIdOf } from './replies.ts';

type HttpRequest = {
  readonly method: 'GET' | 'POST';
  /** With the query; percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
};

export type HttpAnswer = {
  readonly status: number;
  /** The server's clock, in ms since the epoch, if it told. */
  readonly date: number | undefined;
  readonly requestId: string;
  readonly text: string;
};

export type TransportOptions = {
  /** `https://host[:port]` or `http://…`. */
  readonly origin: string;
  readonly connections: number;
  /** The longest silence of a request: nothing taken and nothing answered, in ms. However long it takes, what moves goes on. */
  readonly requestTimeoutMs: number;
};

/** One keep-alive pool of sockets to one origin. */
export type Transport = {
  /** Throws CosUnavailable when the socket or the time fails, the signal's reason when it fires. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
};

export function openTransport({ origin, connections, requestTimeoutMs }: TransportOptions): Transport {
  const sockets = renewedSockets(
    () =>
      new Pool(origin, {
        connections,
        keepAliveTimeout: 30_000,
        allowH2: false, // every slice in flight has a socket of its own, none waits behind another's bytes
        connect: { timeout: Math.min(requestTimeoutMs, 10_000) },
        headersTimeout: 0, // our own timer below, which each piece of the body that COS takes sets back
        bodyTimeout: requestTimeoutMs, // between two pieces of an answer
      }),
  );

  const send = async (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    signal.throwIfAborted();
    const cancel = new AbortController();
    const stop = () => cancel.abort(signal.reason);
    const timer = setTimeout(() => cancel.abort(new TimedOut(requestTimeoutMs)), requestTimeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    const { pool, answered, failed } = sockets.use();
    try {
      const { statusCode, headers, body } = await pool.request({
        method: request.method,
        path: request.path,
        headers: { ...request.headers },
        // undici sends any iterable of chunks; its types know only streams
        body: inPieces(request.body, () => timer.refresh()) as unknown as Uint8Array,
        signal: cancel.signal,
      });
      clearTimeout(timer);
      const text = await body.text();
      answered();
      const date = Date.parse(one(headers.date));
      return {
        status: statusCode,
        date: Number.isNaN(date) ? undefined : date,
        requestId: requestIdOf(one(headers['x-cos-request-id'])),
        text,
      };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      failed();
      throw new CosUnavailable(`no answer from ${origin}: ${reason(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };

  return { send, close: sockets.close };
}

type Use = { readonly pool: Pool; readonly answered: () => void; readonly failed: () => void };

/**
 * A pool that is replaced when a request fails and none was answered since it began: what was kept as long is as dead, as
 * after a Lambda was frozen, and the next try must not take another of them. What is under way on the old one goes on.
 */
function renewedSockets(open: () => Pool): { use(): Use; close(): Promise<void> } {
  let pool = open();
  let answers = 0;
  const retired = new Set<Pool>();

  const retire = (old: Pool) => {
    retired.add(old);
    // what ends its close early is `close` below, which destroys it
    const forget = () => retired.delete(old);
    old.close().then(forget, forget);
  };

  return {
    use() {
      const [mine, before] = [pool, answers];
      return {
        pool: mine,
        answered: () => {
          answers += 1;
        },
        failed: () => {
          if (pool !== mine || answers !== before) return;
          pool = open();
          retire(mine);
        },
      };
    },
    close: async () => {
      await Promise.all([pool, ...retired].map((one) => one.destroy()));
    },
  };
}

/** So much of a body is handed to the socket at a time: at 5 kB/s a piece still goes out within a minute, in bytes. */
const PIECE_BYTES = 262_144;

/** The body in pieces without a copy; `moved` is called when one was taken. */
function* inPieces(body: readonly Uint8Array[], moved: () => void): Generator<Uint8Array> {
  for (const part of body) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      yield part.subarray(at, at + PIECE_BYTES);
      moved();
    }
  }
}

class TimedOut extends Error {
  override readonly name = 'TimedOut';
  constructor(ms: number) {
    super(`nothing within ${ms} ms`);
  }
}

const one = (header: string | string[] | undefined): string =>
  Array.isArray(header) ? (header[0] ?? '') : (header ?? '');

function reason(thrown: unknown): string {
  const error = asError(thrown);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return [code, error.message].filter(Boolean).join(' ') || error.name;
}
