import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import busboy from '@fastify/busboy';
import { type Landing, openLanding } from '../../local/cos/disk/landing.ts';
import { readForm } from '../../local/cos/wire/form.ts';
import { answer } from '../child.ts';
import { MIB } from '../figures.ts';

/**
 * What the COS endpoint does with a slice and nothing else: reads the form, takes its MD5, writes it to disk while it arrives. Once
 * with the endpoint's own reader, once with @fastify/busboy; both write through the endpoint's own landing.
 */
export type FormReaders = typeof tasks;

const READERS = { own: withOwn, busboy: withBusboy };

const tasks = {
  /** Answers `POST /own?at=N` and `/busboy?at=N` with the MD5 of the `filecontent` that was written to `file` at N. */
  async open({ file }: { readonly file: string }): Promise<string> {
    const handle = open(file, 'w');
    await handle;
    const server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '/', 'http://here');
      const at = Number(url.searchParams.get('at'));
      const read = url.pathname === '/own' ? READERS.own : READERS.busboy;
      const landing = openLanding(handle, { at, room: MIB }, async () => undefined);
      response.end(await read(request, landing));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  },
  /** CPU time so far, in ms. */
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

async function withOwn(request: IncomingMessage, landing: Landing): Promise<string> {
  const { content } = await readForm(request, { bandwidth: undefined, land: () => landing });
  await landing.flush();
  return (await content?.md5()) ?? '';
}

function withBusboy(request: IncomingMessage, landing: Landing): Promise<string> {
  const reader = new busboy.Busboy({
    headers: { 'content-type': request.headers['content-type'] ?? '' },
    isPartAFile: (name) => name?.toLowerCase() === 'filecontent', // with or without a file name
  });
  const md5 = createHash('md5');
  reader.on('file', (_name, stream) => {
    stream.on('data', (piece: Buffer) => {
      md5.update(piece);
      landing.add(piece);
      const ready = landing.ready();
      if (!ready) return;
      stream.pause();
      void ready.then(() => stream.resume());
    });
  });
  return new Promise((resolve, reject) => {
    reader.on('finish', () => landing.flush().then(() => resolve(md5.digest('hex')), reject));
    reader.on('error', reject);
    request.pipe(reader);
  });
}

answer(tasks);
