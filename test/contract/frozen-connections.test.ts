import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openTransport } from '../../shared/cos/transport.ts';

const never = new AbortController().signal;
const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"code":0}';

/** A COS whose connections of before are all dead after a freeze: what is written to them is answered with a reset. */
async function freezingCos(connections: number) {
  const sockets = new Set<Socket>();
  const dead = new Set<Socket>();
  let waiting: Socket[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (dead.has(socket)) return void socket.resetAndDestroy();
      waiting.push(socket);
      if (waiting.length < connections && dead.size === 0) return; // so that each has a connection of its own
      for (const one of waiting.splice(0)) one.write(GOOD);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const transport = openTransport({
    origin: `http://127.0.0.1:${address.port}`,
    connections,
    requestTimeoutMs: 5_000,
  });
  onTestFinished(async () => {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    waiting = [];
  });
  return {
    send: () => transport.send({ method: 'GET', path: '/', headers: {}, body: [] }, never),
    freeze: () => {
      for (const socket of sockets) dead.add(socket);
    },
  };
}

test('kept connections to COS that all died cost one try together, not one each (E7)', async () => {
  const cos = await freezingCos(10);
  await Promise.all(Array.from({ length: 10 }, cos.send));
  cos.freeze();

  await expect(cos.send()).rejects.toMatchObject({ name: 'CosUnavailable' });
  const next = await Promise.all(Array.from({ length: 5 }, cos.send));

  expect(next.map(({ text }) => text)).toEqual(Array(5).fill('{"code":0}'));
});

test('requests that meet dead connections at once are all through at their second try (E7)', async () => {
  const cos = await freezingCos(8);
  await Promise.all(Array.from({ length: 8 }, cos.send));
  cos.freeze();

  const first = await Promise.allSettled(Array.from({ length: 8 }, cos.send));
  const second = await Promise.allSettled(Array.from({ length: 8 }, cos.send));

  expect(first.map(({ status }) => status)).toEqual(Array(8).fill('rejected'));
  expect(second.map(({ status }) => status)).toEqual(Array(8).fill('fulfilled'));
});
