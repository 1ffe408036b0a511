import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** What no output of the relay may repeat, however a peer says it. */
export const SECRETS = [
  'arn:aws:sts::123456789012:assumed-role/relay/worker',
  'AKIAIOSFODNN7EXAMPLE',
  'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  'fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024',
  'FwoGZXIvYXdzEBYaDHhBTEMPLESessionToken123',
] as const;
/** Without a shape of its own: only that nobody passes on a foreign body keeps it in. */
export const FOREIGN = 'words of a foreign body';

const [ARN, ID, COS_ID, SIGNATURE, TOKEN] = SECRETS;
const SAID = `${FOREIGN} ${ARN} ${ID} ${COS_ID} https://h/k?X-Amz-Signature=${SIGNATURE}&X-Amz-Security-Token=${TOKEN}`;

export type Telling = (request: IncomingMessage, response: ServerResponse) => boolean;

/** COS that answers each request of an operation so, with secrets wherever there is room for text. */
export const cosAnswers: ReadonlyMap<string, Telling> = new Map([
  ...[-48, -47, -97, -71, -133, -5999, -197, -4019, -99999].map(
    (code) =>
      [`code ${code}`, json({ code, message: SAID, request_id: SAID, data: { session: SAID } })] as const,
  ),
  [
    'a shape nobody knows',
    json({ code: 0, message: SAID, request_id: SAID, data: { filesize: SAID, slice_size: SAID } }),
  ],
  ['no envelope', json({ [SAID]: SAID })],
  ['a page of a proxy', page(502)],
  ['a good page', page(200)],
]);

/** S3 that answers each read so. */
export const s3Answers: ReadonlyMap<string, Telling> = new Map([
  ...[
    'AccessDenied',
    'ExpiredToken',
    'InvalidAccessKeyId',
    'KMS.DisabledException',
    'SlowDown',
    'InvalidObjectState',
    'Whatever',
  ].map((code) => [`S3 code ${code}`, xml(code)] as const),
  ['S3 elsewhere', redirect],
  ['S3 behind a proxy', page(403)],
]);

function json(body: object): Telling {
  return (_, response) => {
    response.writeHead(400, { 'x-cos-request-id': SAID, 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
    return true;
  };
}

function page(status: number): Telling {
  return (_, response) => {
    response.writeHead(status, { 'x-cos-request-id': SAID, server: SAID }).end(`<html>${SAID}</html>`);
    return true;
  };
}

function xml(code: string): Telling {
  const body = `<Error><Code>${code}</Code><Message>${SAID}</Message><AWSAccessKeyId>${ID}</AWSAccessKeyId><Region>${FOREIGN}</Region></Error>`;
  return (request, response) => {
    if (request.method === 'HEAD') return false; // HEAD goes through, the bytes do not
    response.writeHead(code === 'SlowDown' ? 503 : 403, { 'x-amz-bucket-region': FOREIGN }).end(body);
    return true;
  };
}

function redirect(_: IncomingMessage, response: ServerResponse): boolean {
  response.writeHead(301, { location: SAID, 'x-amz-bucket-region': FOREIGN });
  response.end(`<Error><Code>PermanentRedirect</Code><Endpoint>${SAID}</Endpoint></Error>`);
  return true;
}

/** In front of `origin`: answers itself where `telling` does, else passes on, with secrets added to good replies of COS. */
export async function tellingPeer(origin: string) {
  let telling: Telling = () => false;
  const listener: RequestListener = async (request, response) => {
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    if (telling(request, response)) return;
    const answer = await fetch(`${origin}${request.url}`, {
      method: request.method ?? 'GET',
      headers: passedOn(request),
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const headers = [...answer.headers].filter(
      ([name]) => !/^(connection|transfer-encoding|keep-alive)$/.test(name),
    );
    const told = answer.headers.get('content-type')?.includes('json') ? withSecrets(bytes) : bytes;
    const length = request.method === 'HEAD' ? {} : { 'content-length': String(told.length) };
    response.writeHead(answer.status, { ...Object.fromEntries(headers), ...length }).end(told);
  };
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${address.port}`,
    tell: (how: Telling) => {
      telling = how;
    },
  };
}

function passedOn({ headers }: IncomingMessage): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value !== 'string' || /^(host|connection|content-length|expect)$/.test(name)
      ? []
      : [[name, value]],
  );
}

function withSecrets(bytes: Buffer): Buffer {
  const reply = JSON.parse(bytes.toString());
  const data = typeof reply.data === 'object' && reply.data !== null ? reply.data : {};
  if ('access_url' in data) data.access_url = `${data.access_url}?sign=${SIGNATURE}&q=${COS_ID}`;
  return Buffer.from(JSON.stringify({ ...reply, message: SAID, request_id: SAID, data }));
}
