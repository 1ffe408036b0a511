import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { asError } from '../../../shared/errors.ts';
import { answerProblem, type HttpAnswer } from '../../../shared/lambda/http/answer.ts';
import { type Wired, withServices } from '../../../shared/wiring/wiring.ts';
import { answerPage } from '../../console/page-answer.ts';
import type { PageFiles } from '../../console/page-files.ts';
import { localContext } from '../machine.ts';
import { answerPreflight, readableBy } from './cors.ts';
import { type Authorizer, toEvent } from './event.ts';
import { findRoute } from './find-route.ts';
import { functionsByName } from './functions.ts';
import { refuseForeignHost } from './own-host.ts';
import { isBearer } from './token.ts';

export type ApiOptions = {
  readonly services: Wired;
  /** Instead of IAM: whoever sends it may call, and does so as the one user of this machine. */
  readonly token: string;
  /** Other callers by their tokens, as an authorizer would describe them. */
  readonly others?: ReadonlyMap<string, Authorizer>;
  readonly port?: number; // 0, the default: any free one
  readonly host?: string; // 127.0.0.1 unless given, and then only for those who name this machine
  /** How long one call may take, in ms; API Gateway gives 30 s. */
  readonly timeoutMs?: number;
  /** Pages of this origin may call, too. */
  readonly corsOrigin?: string;
  /** Served beside the calls, to whoever names this machine. */
  readonly page?: PageFiles;
};

export type Api = { readonly origin: string; readonly port: number; close(): Promise<void> };

/** API Gateway takes so much, in bytes. */
const GATEWAY_MAX = 10_485_760;
/** Lambda takes and gives so much, the whole event as JSON, in bytes. */
const LAMBDA_MAX = 6_291_456;
const TIMEOUT_MS = 29_000;
const LOCAL_USER: Authorizer = { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } };

/** The HTTP API on one port: makes the events of API Gateway (HTTP API, payload 2.0) and runs the functions themselves. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = createServer((request, response) => {
    if (options.host === undefined && refuseForeignHost(request, response)) return;
    if (options.page && answerPage(request, response, options.page)) return;
    response.on('error', () => response.destroy()); // the client went away
    answer(request, options)
      .then((given) => send(response, readableBy(options.corsOrigin, given)))
      .catch((error: unknown) => {
        options.services.log.warn('the local API failed', { reason: asError(error).message });
        response.destroy();
      });
  });
  server.on('clientError', (_, socket) => {
    // not HTTP: there is no request to answer, only a socket
    if (!socket.writable) return;
    const { statusCode, headers, body } = answerProblem('bad-request', 'this is not HTTP');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${statusCode} Bad Request\r\n${lines.join('')}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the API has no TCP port');
  return {
    origin: `http://${host}:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, options: ApiOptions): Promise<HttpAnswer> {
  const preflight = answerPreflight(request, options.corsOrigin);
  if (preflight) return preflight;
  const authorizer = authorize(request, options);
  if (!authorizer) {
    const refused = answerProblem('unauthorized', 'send the token printed at the start as a bearer token');
    return { ...refused, headers: { ...refused.headers, 'www-authenticate': 'Bearer' } };
  }
  const found = findRoute(request.method ?? '', request.url ?? '/');
  if (found.kind === 'none') return answerProblem('no-such-call', 'GET /openapi.json lists the calls');
  if (found.kind === 'other-method') {
    const refused = answerProblem('method-not-allowed', `it takes ${found.allow.join(', ')}`);
    return { ...refused, headers: { ...refused.headers, allow: found.allow.join(', ') } };
  }
  const body = await readBody(request);
  if (body === 'too-large') return tooLarge();
  const event = JSON.stringify(toEvent({ request, body, authorizer }, found));
  if (event.length > LAMBDA_MAX) return tooLarge();
  return invoke(found.route.name, event, options);
}

function authorize({ headers }: IncomingMessage, { token, others }: ApiOptions): Authorizer | undefined {
  const callers = new Map([[token, LOCAL_USER], ...(others ?? [])]);
  return [...callers].find(([known]) => isBearer(headers.authorization, known))?.[1];
}

const tooLarge = (): HttpAnswer =>
  answerProblem('payload-too-large', `a request may have ${LAMBDA_MAX} bytes in all, base64 counted`);

/** Nothing but JSON passes between API Gateway and Lambda. */
async function invoke(name: string, event: string, options: ApiOptions): Promise<HttpAnswer> {
  const handler = functionsByName[name];
  if (!handler) throw new Error(`no function ${name}`);
  const context = localContext(name, options.timeoutMs ?? TIMEOUT_MS);
  const given = await withServices(options.services, () => handler(JSON.parse(event), context));
  if (JSON.stringify(given).length > LAMBDA_MAX) throw new Error(`${name} answers more than Lambda gives`);
  return given;
}

/** The whole body, or as much as is needed to know that it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length <= GATEWAY_MAX) pieces.push(piece);
  }
  return length > GATEWAY_MAX ? 'too-large' : Buffer.concat(pieces);
}

function send(response: ServerResponse, { statusCode, headers, body }: HttpAnswer): void {
  response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
  response.req.resume(); // a body that nobody wanted is let go, piece by piece
}
