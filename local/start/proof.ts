import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { NotIdentical } from '../../shared/errors.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import type { CosEndpoint } from '../cos/endpoint.ts';

/** What was read back from COS, by a way that shares nothing with the upload. */
export type Proof =
  | { readonly readBack: true; readonly size: number; readonly sha1: string }
  | { readonly readBack: false; readonly why: string };

/** Compares the bytes in COS with the file, both hashed anew. Throws NotIdentical. */
export async function prove(file: string, receipt: Receipt, cos: CosEndpoint | undefined): Promise<Proof> {
  const target = cos ? await onDisk(cos, receipt) : await download(receipt);
  if ('why' in target) {
    target.close();
    return { readBack: false, why: target.why };
  }
  const [source, held] = await Promise.all([
    digest(createReadStream(file, { highWaterMark: CHUNK })),
    digest(target.bytes),
  ]);
  if (source.sha1 === held.sha1 && source.size === held.size) return { readBack: true, ...held };
  throw new NotIdentical(
    `COS holds ${held.size} bytes with SHA-1 ${held.sha1}, the file is ${source.size} bytes with SHA-1 ${source.sha1}`,
  );
}

/** In bytes. */
const CHUNK = 1_048_576;

type Target = { readonly bytes: AsyncIterable<Uint8Array> } | { readonly why: string; close(): void };

async function onDisk(cos: CosEndpoint, { target }: Receipt): Promise<Target> {
  const stored = await cos.file(target.bucket, target.path);
  if (!stored) throw new NotIdentical(`COS holds no ${target.bucket}/${target.path}`);
  return {
    bytes:
      stored.size === 0 ? Readable.from([]) : createReadStream(stored.dataPath, { highWaterMark: CHUNK }),
  };
}

/** A private bucket does not let itself be read without a signature of its own kind: then the receipt stands alone. */
async function download({ accessUrl }: Receipt): Promise<Target> {
  if (accessUrl === undefined) return { why: 'COS gave no address to read from', close: () => undefined };
  try {
    const { statusCode, body } = await request(accessUrl);
    if (statusCode === 200) return { bytes: body };
    return { why: `${accessUrl} answered HTTP ${statusCode}`, close: () => body.destroy() };
  } catch (error) {
    return {
      why: `${accessUrl} did not answer (${error instanceof Error ? error.message : 'failed'})`,
      close: () => undefined,
    };
  }
}

async function digest(bytes: AsyncIterable<Uint8Array>): Promise<{ size: number; sha1: string }> {
  const hash = createHash('sha1');
  let size = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha1: hash.digest('hex') };
}
