import { once } from 'node:events';
import { request as ask, createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { openPage } from '../../local/console/page-files.ts';
import { startConsole } from '../../local/console/server.ts';
import { openForward } from '../../local/reach/forward.ts';
import type { Identity } from '../../local/reach/sign.ts';

const KEY = 'the-key-of-the-page';
const TOKEN: Identity = { kind: 'token', token: 'a-jwt' };
const AWS: Identity = {
  kind: 'aws',
  credentials: { accessKeyId: 'AKIAexample', secretAccessKey: 'secret' },
  region: 'eu-west-1',
};

type Heard = {
  readonly method?: string;
  readonly url?: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** An API behind a path of its own that notes what it hears. */
async function apiThatListens() {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    heard.push({ ...(method && { method }), ...(url && { url }), headers, body: await bodyOf(request) });
    response
      .writeHead(200, { 'content-type': 'application/json', etag: '"1"', 'set-cookie': 'a=b' })
      .end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { heard, api: new URL(`http://127.0.0.1:${portOf(server)}/dev`) };
}

async function consoleFor(api: URL, identity: Identity) {
  const page = await openPage({ api: api.href, pollMs: 2_000 });
  const served = await startConsole({ page, forward: openForward(api, identity), key: KEY, port: 0 });
  onTestFinished(() => served.close());
  return served.origin;
}

test('a call of the page goes to the API with the owner’s token instead of the page’s key, and with nothing else of the browser', async () => {
  const { heard, api } = await apiThatListens();
  const origin = await consoleFor(api, TOKEN);

  const answer = await fetch(`${origin}/transfers?limit=2`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      cookie: 'mine=1',
      'content-type': 'application/json',
      'idempotency-key': 'k',
    },
    body: '{"a":1}',
  });

  const [call] = heard;
  expect([answer.status, answer.headers.get('etag'), answer.headers.get('set-cookie')]).toEqual([
    200,
    '"1"',
    null,
  ]);
  expect([call?.method, call?.url, call?.body]).toEqual(['POST', '/dev/transfers?limit=2', '{"a":1}']);
  expect(call?.headers).toMatchObject({ authorization: 'Bearer a-jwt', 'idempotency-key': 'k' });
  expect(call?.headers).not.toHaveProperty('cookie');
});

test('with AWS credentials a call is signed for the region of the API', async () => {
  const { heard, api } = await apiThatListens();
  const origin = await consoleFor(api, AWS);

  await fetch(`${origin}/transfers`, { headers: { authorization: `Bearer ${KEY}` } });

  expect(heard[0]?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIAexample\/\d{8}\/eu-west-1\/execute-api\/aws4_request/,
  );
  expect(JSON.stringify(heard)).not.toContain(KEY);
});

test('who does not show the key reaches no API, and learns where it is', async () => {
  const { heard, api } = await apiThatListens();
  const origin = await consoleFor(api, TOKEN);

  const answer = await fetch(`${origin}/transfers`, { headers: { authorization: 'Bearer other' } });

  expect([answer.status, await answer.json()]).toMatchObject([
    401,
    { detail: 'open the address that was printed: it carries the key' },
  ]);
  expect(heard).toEqual([]);
});

test.each([
  ['a page elsewhere that points its name at this machine', 'evil.example:8081', 400],
  ['a name that only begins like ours', 'localhost.evil.example', 400],
  ['this machine by its name', 'localhost:8081', 200],
  ['this machine by its address, behind a tunnel of another port', '127.0.0.1:9999', 200],
])('%s: %s is answered with %i', async (_, host, status) => {
  const { heard, api } = await apiThatListens();
  const { port } = new URL(await consoleFor(api, TOKEN));

  const call = ask({
    port,
    host: '127.0.0.1',
    path: '/transfers',
    headers: { host, authorization: `Bearer ${KEY}` },
  }).end();
  const [answer]: IncomingMessage[] = await once(call, 'response');
  if (answer) await bodyOf(answer);

  expect([answer?.statusCode, heard.length]).toEqual([status, status === 200 ? 1 : 0]);
});

test('an API that is not there is told by its address and the reason', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const api = new URL(`http://127.0.0.1:${portOf(gone)}`);
  gone.close();
  const origin = await consoleFor(api, TOKEN);

  const answer = await fetch(`${origin}/transfers`, { headers: { authorization: `Bearer ${KEY}` } });

  expect([answer.status, await answer.json()]).toMatchObject([
    502,
    { detail: `${api.origin} cannot be reached: ECONNREFUSED` },
  ]);
});

async function bodyOf(message: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of message) body += piece;
  return body;
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
