import type { IncomingHttpHeaders } from 'node:http';
import { asError } from '../../shared/errors.ts';
import { type Identity, signedHeaders } from './sign.ts';

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};
type Answered = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
};
export type Forward = (asked: Asked) => Promise<Answered>;

/** What the calls of the API look at; nothing else of a browser's headers goes out. */
const SENT = ['content-type', 'content-md5', 'content-digest', 'digest', 'idempotency-key', 'if-none-match'];
const GIVEN = ['content-type', 'etag', 'retry-after', 'location', 'cache-control'];
const TIMEOUT_MS = 31_000; // API Gateway answers within 30 s

/** Sends a call on to the API, signed as the person. */
export function openForward(api: URL, identity: Identity): Forward {
  const base = api.pathname.replace(/\/$/, '');
  return async ({ method, path, headers, body }) => {
    const url = new URL(`${base}${path}`, api);
    const plain = Object.fromEntries(
      SENT.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
    );
    const content = body.length > 0 ? new Uint8Array(body) : undefined;
    const answer = await fetch(url, {
      method,
      headers: await signedHeaders({ method, url, headers: plain, body: content }, identity),
      body: content ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => unreachable(api, error));
    const given = GIVEN.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return {
      status: answer.status,
      headers: Object.fromEntries(given),
      content: Buffer.from(await answer.arrayBuffer()),
    };
  };
}

/** `fetch` says no more than "fetch failed"; its cause knows why. */
function unreachable(api: URL, thrown: unknown): never {
  const error = asError(thrown);
  const { cause } = error;
  const why =
    cause instanceof Error ? ('code' in cause && String(cause.code)) || cause.message : error.message;
  throw new Error(`${api.origin} cannot be reached: ${why}`, { cause: error });
}
