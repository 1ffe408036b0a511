import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type Gateway = AsyncDisposable & {
  readonly origin: string;
  /** Calls whose signature was right, and those that were refused. */
  readonly counts: { signed: number; refused: number };
};

type GatewayOptions = {
  /** The API behind it, and the token it takes. */
  readonly api: string;
  readonly token: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
};

/**
 * What stands before the API on AWS: it lets a call through if its Signature Version 4 is right
 * (docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html), and refuses it in API Gateway's words.
 */
export async function startIamGateway(options: GatewayOptions): Promise<Gateway> {
  const counts = { signed: 0, refused: 0 };
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (!isSigned(request, body, options)) {
      counts.refused += 1;
      response.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"Forbidden"}');
      return;
    }
    counts.signed += 1;
    const { method = 'GET', url = '/', headers } = request;
    const passed = ['content-type', 'content-md5', 'idempotency-key'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    const answer = await fetch(`${options.api}${url}`, {
      method,
      headers: { ...Object.fromEntries(passed), authorization: `Bearer ${options.token}` },
      body: body.length > 0 ? body : null,
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    counts,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const HEAD = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/execute-api\/aws4_request, /;

function isSigned(request: IncomingMessage, body: Buffer, options: GatewayOptions): boolean {
  const { authorization = '', 'x-amz-date': date = '' } = request.headers;
  const [, keyId, day = '', region = ''] = HEAD.exec(authorization) ?? [];
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
  const [, signature] = /Signature=([0-9a-f]{64})/.exec(authorization) ?? [];
  if (keyId !== options.accessKeyId || region !== options.region || !names.split(';').includes('host'))
    return false;
  const url = new URL(request.url ?? '/', 'http://x');
  const query = [...url.searchParams].map((pair) => pair.map(encodeURIComponent).join('=')).sort();
  const canonical = [
    request.method,
    url.pathname,
    query.join('&'),
    ...names.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    names,
    createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const scope = `${day}/${region}/execute-api/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')];
  const key = [day, region, 'execute-api', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${options.secretAccessKey}`,
  );
  return createHmac('sha256', key).update(text.join('\n')).digest('hex') === signature;
}
