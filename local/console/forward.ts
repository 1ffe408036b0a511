import type { IncomingHttpHeaders } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

/** Who the person is to the API: the owner of AWS credentials, or of a token. */
export type Identity =
  | { readonly kind: 'aws'; readonly credentials: Credentials; readonly region: string }
  | { readonly kind: 'token'; readonly token: string };

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

/** Sends a call on to the API, signed as the person (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). */
export function openForward(api: URL, identity: Identity): Forward {
  const base = api.pathname.replace(/\/$/, '');
  return async ({ method, path, headers, body }) => {
    const url = new URL(`${base}${path}`, api);
    const plain = Object.fromEntries(
      SENT.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
    );
    const signed = await sign(
      new HttpRequest({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        ...(url.port !== '' && { port: Number(url.port) }),
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { ...plain, host: url.host },
        ...(body.length > 0 && { body }),
      }),
      identity,
    );
    const { host: _, ...sent } = signed.headers; // fetch writes it itself
    const answer = await fetch(url, {
      method,
      headers: sent,
      body: body.length > 0 ? new Uint8Array(body) : null,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
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

async function sign(request: HttpRequest, identity: Identity): Promise<Pick<HttpRequest, 'headers'>> {
  if (identity.kind === 'token') {
    return { headers: { ...request.headers, authorization: `Bearer ${identity.token}` } };
  }
  const { credentials, region } = identity;
  return new SignatureV4({ credentials, region, service: 'execute-api', sha256: Sha256 }).sign(request);
}
