import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import { startS3Endpoint } from '../../local/s3/endpoint.ts';
import { openS3Source } from '../../shared/s3/s3-source.ts';
import { tempDir } from '../kit/temp-dir.ts';

const TLS = join(import.meta.dirname, '../kit/tls');
const MIB = 1_048_576;

test('ranges are read over TLS as they are in S3, on kept connections, straight into the given memory', async () => {
  const { root, origin, ...front } = await tlsS3();
  const content = randomBytes(9 * MIB + 17);
  await putFile(root, { bucket: 'source', key: 'a b+c.bin' }, content);
  const source = sourceAt(origin, 2);
  const signal = AbortSignal.timeout(60_000);

  const { object } = await source.pin({ bucket: 'source', key: 'a b+c.bin' }, signal);
  const into = Buffer.alloc(MIB);
  const ranges = [
    { offset: 0, length: content.length },
    { offset: 3 * MIB + 1, length: 2 * MIB },
    { offset: content.length - 5, length: 5 },
  ];
  const read: Buffer[] = [];
  for (const range of ranges) {
    const chunks: Buffer[] = [];
    for await (const chunk of source.read(object, range, signal, async (left) => into.subarray(0, left))) {
      chunks.push(Buffer.from(chunk));
    }
    read.push(Buffer.concat(chunks));
  }

  for (const [index, { offset, length }] of ranges.entries()) {
    expect(read[index]?.equals(content.subarray(offset, offset + length))).toBe(true);
  }
  expect(front.connections()).toBe(2); // one of the SDK for the HEAD, one for all reads
});

test('a server whose certificate nobody vouches for is not read from', async () => {
  const { root, origin } = await tlsS3({ trusted: false });
  await putFile(root, { bucket: 'source', key: 'k' }, 'content');
  const source = sourceAt(origin, 1);
  const object = { bucket: 'source', key: 'k', etag: 'e', size: 7, lastModified: 0 };

  const reading = async () => {
    for await (const _ of source.read(object, { offset: 0, length: 7 }, AbortSignal.timeout(60_000)));
  };

  await expect(reading()).rejects.toThrow('certificate');
});

function sourceAt(endpoint: string, attempts: number) {
  const s3 = new S3Client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    endpoint,
    forcePathStyle: true,
  });
  const policy = { attempts, baseMs: 1, capMs: 1, budgetMs: 100 };
  const source = openS3Source({ s3, policy, idleTimeoutMs: 5_000, random: Math.random });
  onTestFinished(async () => {
    await source.close();
    s3.destroy();
  });
  return source;
}

/** The local S3 endpoint behind TLS. */
async function tlsS3({ trusted = true } = {}) {
  const dir = await tempDir('tls');
  const s3 = await startS3Endpoint({ root: dir.path });
  const [key, cert] = [
    await readFile(join(TLS, 'localhost-key.pem')),
    await readFile(join(TLS, 'localhost-cert.pem'), 'utf8'),
  ];
  const before = getCACertificates('default');
  if (trusted) setDefaultCACertificates([...before, cert]);
  let connections = 0;
  const front = createServer({ key, cert }, (asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request({ host: '127.0.0.1', port: s3.port, method, path: url, headers }, (said) => {
      answer.writeHead(said.statusCode ?? 500, said.headers);
      said.pipe(answer);
    });
    asked.pipe(passed);
  });
  front.on('secureConnection', () => {
    connections += 1;
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  onTestFinished(async () => {
    setDefaultCACertificates(before);
    front.closeAllConnections();
    front.close();
    await s3.close();
    await dir.remove();
  });
  return { root: dir.path, origin: `https://localhost:${address.port}`, connections: () => connections };
}
