import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, type TestContext, test } from 'vitest';
import { openTransport } from '../../shared/cos/transport.ts';

const never = new AbortController().signal;
const LIMIT_MS = 3_000;
const SIZE = 12_000_000;

type Finished = TestContext['onTestFinished'];
const TLS = join(import.meta.dirname, '../kit/tls');

async function serverOf(scheme: 'http' | 'https', answer: RequestListener) {
  if (scheme === 'http') return createServer(answer);
  const [key, cert] = await Promise.all(
    ['localhost-key.pem', 'localhost-cert.pem'].map((name) => readFile(join(TLS, name), 'utf8')),
  );
  setDefaultCACertificates([...getCACertificates('default'), cert ?? '']);
  return createTlsServer({ key, cert }, answer);
}

/** A COS that takes `bytesPerTick` of a body every 50 ms, or nothing at all. */
async function slowCos(scheme: 'http' | 'https', bytesPerTick: number, onTestFinished: Finished) {
  const server = await serverOf(scheme, async (request, response) => {
    let taken = 0;
    request.pause();
    while (taken < SIZE && !request.destroyed && bytesPerTick > 0) {
      const chunk: Buffer | null =
        request.read(Math.min(bytesPerTick, request.readableLength)) ?? request.read();
      taken += chunk?.length ?? 0;
      await sleep(chunk ? (50 * chunk.length) / bytesPerTick : 5);
    }
    if (taken >= SIZE) response.end('{"code":0}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const host = scheme === 'https' ? 'localhost' : '127.0.0.1';
  const origin = `${scheme}://${host}:${address.port}`;
  const transport = openTransport({ origin, connections: 1, requestTimeoutMs: LIMIT_MS });
  onTestFinished(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  const headers = { 'content-length': String(SIZE) };
  const body = [Buffer.alloc(SIZE)];
  return () => transport.send({ method: 'POST', path: '/', headers, body }, never);
}

describe.concurrent.each(['http', 'https'] as const)('over %s', (scheme) => {
  test.concurrent('a body that takes much longer than the limit arrives while it moves (D1)', async ({
    expect,
    onTestFinished,
  }) => {
    const send = await slowCos(scheme, 120_000, onTestFinished); // 2.4 MB/s: five seconds in all
    const began = performance.now();

    const answer = await send();

    expect(answer.text).toBe('{"code":0}');
    expect(performance.now() - began).toBeGreaterThan(LIMIT_MS);
  });

  test.concurrent('a COS that takes nothing is given up after the limit (D1)', async ({
    expect,
    onTestFinished,
  }) => {
    const send = await slowCos(scheme, 0, onTestFinished);

    await expect(send()).rejects.toThrow(`nothing within ${LIMIT_MS} ms`);
  });
});
