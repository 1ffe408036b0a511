import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { receiptView, slicesView, sliceView, transferView } from '../../shared/api/views.ts';
import { asError } from '../../shared/errors.ts';
import type { ReachedApi } from '../reach/reach-api.ts';
import { signedHeaders } from '../reach/sign.ts';

const problem = z.looseObject({
  type: z.string(),
  status: z.number(),
  detail: z.string(),
  wayOut: z.string().optional(),
});

/** The API said no. `kind` is the last word of the problem's type. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';
  readonly kind: string;
  readonly status: number;
  constructor(status: number, kind: string, message: string) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

/** No answer at all, again and again. */
class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
}

export type OpenFile = { readonly path: string; readonly size: number; readonly key: string };

export type ApiClient = ReturnType<typeof openApiClient>;

const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const LONGEST_WAIT_MS = 120_000;

/** The calls an upload needs. What passes is tried again, signed anew, no sooner than the API asks for. */
export function openApiClient({ api, identity }: ReachedApi, signal: AbortSignal) {
  const base = api.href.replace(/\/$/, '');

  const once = async (method: string, path: string, sent: Sent): Promise<Reply> => {
    const url = new URL(`${base}${path}`);
    const body = typeof sent.body === 'string' ? new TextEncoder().encode(sent.body) : sent.body;
    const headers = await signedHeaders({ method, url, headers: sent.headers ?? {}, body }, identity);
    const answer = await fetch(url, { method, headers, body: body ?? null, signal });
    return {
      status: answer.status,
      retryAfter: answer.headers.get('retry-after'),
      text: await answer.text(),
    };
  };

  const call = async <T>(schema: z.ZodType<T>, method: string, path: string, sent: Sent = {}): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= ATTEMPTS;
      let retryAfter: string | null = null;
      try {
        const reply = await once(method, path, sent);
        if (reply.status < 300) return schema.parse(JSON.parse(reply.text));
        const refused = refusal(base, reply);
        if (last || !passes(refused) || isFarAway(reply.retryAfter)) throw refused;
        retryAfter = reply.retryAfter;
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof TypeError)) throw thrown; // fetch says so of a socket that failed
        if (last) throw new ApiUnreachable(`no answer from ${base}: ${causeOf(thrown)}`, { cause: thrown });
      }
      await sleep(pauseMs(attempt, retryAfter), undefined, { signal });
    }
  };

  const json = { 'content-type': 'application/json' };
  const binary = { 'content-type': 'application/octet-stream' };
  return {
    open: ({ path, size, key }: OpenFile) =>
      call(transferView(), 'POST', '/transfers', {
        headers: { ...json, 'idempotency-key': key },
        body: JSON.stringify({ target: { path }, size }),
      }),
    look: (id: string) => call(transferView(), 'GET', `/transfers/${id}`),
    /** What is missing from the offset `from` on. */
    slices: (id: string, from: number) => call(slicesView(), 'GET', `/transfers/${id}/slices?from=${from}`),
    put: (id: string, offset: number, body: Uint8Array<ArrayBuffer>, md5: string) =>
      call(sliceView(), 'PUT', `/transfers/${id}/slices/${offset}`, {
        headers: { ...binary, 'content-md5': md5 },
        body,
      }),
    finish: (id: string) => call(receiptView(), 'POST', `/transfers/${id}/finish`),
    cancel: (id: string) => call(transferView(), 'DELETE', `/transfers/${id}`),
  };
}

type Sent = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
};
type Reply = { readonly status: number; readonly retryAfter: string | null; readonly text: string };

const passes = ({ status, kind }: ApiRefused): boolean =>
  status === 429 ||
  status === 503 ||
  status === 504 ||
  kind === 'not-open' ||
  kind === 'slice-busy' ||
  kind === 'slice-corrupt';

function refusal(base: string, { status, text }: Reply): ApiRefused {
  const read = problem.safeParse(parsed(text));
  if (!read.success)
    return new ApiRefused(status, 'unknown', `${base} answered HTTP ${status}; ${guess(status)}`);
  const { type, detail, wayOut } = read.data;
  const kind = type.split(':').at(-1) ?? type;
  return new ApiRefused(status, kind, wayOut === undefined ? detail : `${detail}\nwhat to do: ${wayOut}`);
}

/** API Gateway refuses in words of its own, before the relay is asked. */
function guess(status: number): string {
  if (status === 401 || status === 403)
    return 'it does not accept your AWS credentials (execute-api:Invoke is needed) or your token';
  return status === 429
    ? 'more calls came than its stage takes (apiRate, apiBurst): try again, or deploy it with more'
    : "is it the relay's API?";
}

/** A person is told, instead of waiting for it unseen: the next day's budget. */
const isFarAway = (retryAfter: string | null): boolean => Number(retryAfter ?? 0) * 1_000 > LONGEST_WAIT_MS;

function pauseMs(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? 0) * 1_000;
  const doubled = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.max(Number.isFinite(asked) ? asked : 0, doubled * (0.5 + Math.random() / 2));
}

function causeOf(error: TypeError): string {
  const cause = asError(error.cause ?? error);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page
  }
}
