import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { APP, BUCKET, type Field, MIB, md5, multipart, sampleBytes, sha1, sign } from '../kit/cos-by-hand.ts';
import { cosEndpointBed, dataDir } from '../kit/cos-endpoint-bed.ts';

const first = sampleBytes(MIB);
const second = Buffer.from(first).reverse();

/** Sends a request up to half of its body, so that the rest can follow, or never comes. */
async function beginPost(port: number, path: string, fields: readonly Field[]) {
  const body = multipart(fields, 'b0und');
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(
    `POST /files/v2/${APP}/${BUCKET}/${path} HTTP/1.1\r\nHost: cos\r\nConnection: close\r\nAuthorization: ${sign()}\r\n` +
      `Content-Type: multipart/form-data; boundary=b0und\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  const half = body.length / 2;
  socket.write(body.subarray(0, half));
  return {
    cut: () => void socket.destroy(),
    async complete() {
      const answered = socket.toArray();
      socket.write(body.subarray(half));
      return Buffer.concat(await answered).toString();
    },
  };
}

const slice = (session: string, offset: number, content: Uint8Array): Field[] => [
  ['op', 'upload_slice_data'],
  ['session', session],
  ['offset', offset],
  ['filecontent', content],
];

const onDisk = (dir: string, session: string) => readFile(join(dir, 'data', session));

test('a slice goes to disk while it arrives, and is not believed before it is whole', async () => {
  const dir = await dataDir();
  const cos = await cosEndpointBed({ dataDir: dir });
  const session = await cos.open('a.bin', 2 * MIB);

  const sending = await beginPost(cos.endpoint.port, 'a.bin', slice(session, MIB, first));

  await vi.waitFor(
    async () =>
      expect((await onDisk(dir, session)).subarray(MIB, MIB + 256 * 1024)).toEqual(
        first.subarray(0, 256 * 1024),
      ),
    60_000,
  );
  expect((await cos.list('a.bin')).data.listparts).toEqual([]);
  expect(await sending.complete()).toContain(md5(first));
  expect((await cos.list('a.bin')).data.listparts).toEqual([{ offset: MIB, datalen: MIB }]);
});

test('a held slice that is sent again and breaks off is still the one that was confirmed', async () => {
  const dir = await dataDir();
  const before = await cosEndpointBed({ dataDir: dir });
  const session = await before.sendSlices('a.bin', first);

  const sending = await beginPost(before.endpoint.port, 'a.bin', slice(session, 0, second));
  await vi.waitFor(async () => expect((await onDisk(dir, session)).length).toBeGreaterThan(MIB), 60_000);
  sending.cut();
  await before.endpoint.close();

  const cos = await cosEndpointBed({ dataDir: dir });
  expect(await cos.finish('a.bin', session, MIB)).toMatchObject({ code: 0 });
  expect((await cos.read('a.bin')).equals(first)).toBe(true);
});

test('of one slice sent twice at once the last to be whole counts, after a restart too', async () => {
  const dir = await dataDir();
  const before = await cosEndpointBed({ dataDir: dir });
  const session = await before.open('a.bin', MIB, [
    ['sha', sha1(second)],
    ['uploadparts', JSON.stringify([{ offset: 0, datalen: MIB, datasha: sha1(second) }])],
  ]);
  const withSha = (content: Uint8Array): Field[] => [['sha', sha1(second)], ...slice(session, 0, content)];

  const slow = await beginPost(before.endpoint.port, 'a.bin', withSha(second));
  await before.put('a.bin', session, 0, second, [['sha', sha1(second)]]);
  await before.put('a.bin', session, 0, first, [['sha', sha1(second)]]);
  expect(await slow.complete()).toContain(md5(second));
  await before.put('a.bin', session, 0, first, [['sha', sha1(second)]]);
  await before.put('a.bin', session, 0, second, [['sha', sha1(second)]]);
  await before.endpoint.close();

  const cos = await cosEndpointBed({ dataDir: dir });
  expect(await cos.finish('a.bin', session, MIB, [['sha', sha1(second)]])).toMatchObject({ code: 0 });
  expect((await cos.read('a.bin')).equals(second)).toBe(true);
  expect((await onDisk(dir, session)).length).toBe(MIB);
});

test('content that is longer than its slice touches no other', async () => {
  const cos = await cosEndpointBed();
  const session = await cos.sendSlices('a.bin', Buffer.concat([first, second]), [0]);

  const tooLong = await cos.put('a.bin', session, 0, Buffer.concat([first, first]));
  await cos.put('a.bin', session, 0, first);
  await cos.finish('a.bin', session, 2 * MIB);

  expect(tooLong.code).toBe(-5999);
  expect((await cos.read('a.bin')).equals(Buffer.concat([first, second]))).toBe(true);
});

test('content that nobody takes is gone with its request', async () => {
  const dir = await dataDir();
  const cos = await cosEndpointBed({ dataDir: dir });
  await cos.upload('kept.bin', first);

  await cos.upload('kept.bin', second);
  await cos.upload('bad.bin', second, [['sha', sha1(first)]]);
  const sending = await beginPost(cos.endpoint.port, 'cut.bin', [
    ['op', 'upload'],
    ['filecontent', second],
  ]);
  await vi.waitFor(async () => expect(await readdir(join(dir, 'data'))).toHaveLength(2), 60_000);
  sending.cut();

  await vi.waitFor(async () => expect(await readdir(join(dir, 'data'))).toHaveLength(1), 60_000);
  expect((await cos.read('kept.bin')).equals(first)).toBe(true);
});

test('an upload deleted while a slice arrives answers as for a session that nobody knows', async () => {
  const cos = await cosEndpointBed();
  const session = await cos.open('a.bin', MIB);

  const sending = await beginPost(cos.endpoint.port, 'a.bin', slice(session, 0, first));
  await cos.remove('a.bin');

  expect(await sending.complete()).toContain('session not found');
});
