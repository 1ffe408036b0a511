import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openTransport } from '../../shared/cos/transport.ts';

const never = new AbortController().signal;
const LIMIT_MS = 3_000;
const SIZE = 12_000_000;

/** A COS that takes `bytesPerTick` of a body every 50 ms, or nothing at all. */
async function slowCos(bytesPerTick: number) {
  const server = createServer(async (request, response) => {
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
  const origin = `http://127.0.0.1:${address.port}`;
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

test('a body that takes much longer than the limit arrives while it moves (D1)', async () => {
  const send = await slowCos(120_000); // 2.4 MB/s: five seconds in all
  const began = performance.now();

  const answer = await send();

  expect(answer.text).toBe('{"code":0}');
  expect(performance.now() - began).toBeGreaterThan(LIMIT_MS);
});

test('a COS that takes nothing is given up after the limit (D1)', async () => {
  const send = await slowCos(0);

  await expect(send()).rejects.toThrow(`nothing within ${LIMIT_MS} ms`);
});
