import { buildConnector, type Dispatcher, Pool } from 'undici';
import { asError, CosUnavailable } from '../errors.ts';

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
  /** As it was told; see `requestIdOf`. */
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
  const connect = limitSilence(requestTimeoutMs);
  const sockets = renewedSockets(
    () =>
      new Pool(origin, {
        connections,
        connect,
        keepAliveTimeout: 30_000,
        allowH2: false, // every slice in flight has a socket of its own, none waits behind another's bytes
        // the socket's own limit covers both
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
  );

  const send = async (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    signal.throwIfAborted();
    const { pool, answered, failed } = sockets.use();
    try {
      const answer = await exchanged(pool, request, signal);
      answered();
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      failed();
      throw new CosUnavailable(`no answer from ${origin}: ${reason(error)}`, { cause: error });
    }
  };

  return { send, close: sockets.close };
}

/** So much of a body is given to a socket without waiting for room: a slice, by reference and not by copy, in bytes. */
const UNWAITED_BYTES = 4_194_304;

/**
 * Sockets that break off after so long a silence, in ms: nothing taken and nothing answered. Node looks at what a socket
 * has yet to take when the time is over, and waits on if it has become less: what moves goes on, however slowly, and what
 * stopped in the middle of a body is found out within twice the time.
 */
function limitSilence(limitMs: number): buildConnector.connector {
  const sized: buildConnector.BuildOptions & { highWaterMark: number } = {
    allowH2: false,
    timeout: Math.min(limitMs, 10_000),
    highWaterMark: UNWAITED_BYTES,
  };
  const connect = buildConnector(sized);
  return (options, done) =>
    connect(options, (...connected) => {
      const [, socket] = connected;
      socket?.setTimeout(limitMs, () => socket.destroy(new TimedOut(limitMs)));
      done(...connected);
    });
}

/** One request and its whole answer. (undici's `request` makes a stream of each body, which costs more than the parsing.) */
function exchanged(pool: Pool, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  let controller: Dispatcher.DispatchController | undefined;
  let head = { status: 0, date: '', requestId: '' };
  const body: Buffer[] = [];
  const stop = () => {
    controller?.abort(signal.reason);
    reject(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  const { method, path, headers, body: content } = request;
  // undici sends any iterable of chunks; its types know only streams
  const sent = content.length === 0 ? null : (content as unknown as Uint8Array);
  pool.dispatch(
    { method, path, headers: { ...headers }, body: sent },
    {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) stop();
      },
      onResponseStart(_, status, answer) {
        head = { status, date: one(answer.date), requestId: one(answer['x-cos-request-id']) };
      },
      onResponseData: (_, chunk) => void body.push(chunk),
      onResponseEnd() {
        signal.removeEventListener('abort', stop);
        const { status, requestId } = head;
        const date = Date.parse(head.date);
        resolve({
          status,
          date: Number.isNaN(date) ? undefined : date,
          requestId,
          text: (body.length === 1 && body[0] ? body[0] : Buffer.concat(body)).toString(),
        });
      },
      onResponseError(_, error) {
        signal.removeEventListener('abort', stop);
        reject(error);
      },
    },
  );
  return promise;
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
