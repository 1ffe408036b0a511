import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { openS3Source } from '../../shared/s3/s3-source.ts';

type Asked = { readonly method: string; readonly target: string };

/** An S3 that answers as a test says, with a source that reads from it; all of it goes with the test. */
export async function scriptedS3(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  client: S3ClientConfig = {},
) {
  const asked: Asked[] = [];
  const sockets: Socket[] = [];
  const listener: RequestListener = (request, response) => {
    request.resume();
    asked.push({ method: request.method ?? '', target: request.url ?? '' });
    answer(request, response);
  };
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const s3 = new S3Client({
    endpoint: origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
    ...client,
  });
  const policy = { attempts: 3, baseMs: 1, capMs: 2, budgetMs: 100 };
  const source = openS3Source({ s3, policy, idleTimeoutMs: 2_000, random: Math.random });
  onTestFinished(async () => {
    await source.close();
    s3.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { origin, source, asked, sockets };
}

export const errorXml = (code: string, more = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>m</Message>${more}</Error>`;

/** Answers HEAD and ranged GET of these bytes. */
export function answerObject(
  content: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): void {
  const described = { etag: '"e"', 'last-modified': 'Sat, 21 Nov 2026 12:00:00 GMT', ...headers };
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined || to === undefined) {
    response.writeHead(200, { ...described, 'content-length': String(content.length) });
    response.end(request.method === 'HEAD' ? undefined : content);
    return;
  }
  const part = content.subarray(Number(from), Number(to) + 1);
  response.writeHead(206, { ...described, 'content-length': String(part.length) }).end(part);
}

export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}
