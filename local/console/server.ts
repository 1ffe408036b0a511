import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { asError } from '../../shared/errors.ts';
import { answerProblem } from '../../shared/lambda/http/answer.ts';
import type { Forward } from '../reach/forward.ts';
import { refuseForeignHost } from '../stack/api/own-host.ts';
import { isBearer } from '../stack/api/token.ts';
import { answerPage } from './page-answer.ts';
import type { PageFiles } from './page-files.ts';

export type ConsoleOptions = {
  readonly page: PageFiles;
  readonly forward: Forward;
  /** What the page must show: whoever else is on this machine may not use the person's rights. */
  readonly key: string;
  readonly port: number;
};

export type Console = { readonly origin: string; close(): Promise<void> };

/** A request of this API has at most so many bytes. */
const BODY_MAX = 10_485_760;

/** The page on this machine, and behind it the deployed API: its calls are signed here, for who shows the key. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      const { body } = answerProblem('internal', asError(error).message);
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'application/problem+json' }).end(body);
    });
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the console has no TCP port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { page, forward, key }: ConsoleOptions,
) {
  if (refuseForeignHost(request, response)) return;
  if (answerPage(request, response, page)) return;
  if (!isBearer(request.headers.authorization, key)) {
    const { statusCode, headers, body } = answerProblem(
      'unauthorized',
      'open the address that was printed: it carries the key',
    );
    response.writeHead(statusCode, headers).end(body);
    return;
  }
  const body = await readBody(request);
  const { status, headers, content } = await forward({
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: request.headers,
    body,
  });
  response.writeHead(status, headers).end(content);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > BODY_MAX) throw new Error(`a request has at most ${BODY_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
