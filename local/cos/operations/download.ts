import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FileRecord } from '../disk/records.ts';
import { type Bandwidth, throttled } from '../wire/bandwidth.ts';
import { readByteRange } from '../wire/byte-range.ts';
import type { Call } from '../wire/call.ts';
import { Refused } from '../wire/codes.ts';
import { checkConditions, rangeIsMeant } from '../wire/conditions.ts';
import { type Credentials, checkSignature } from '../wire/signature.ts';
import { type Context, needBucket, nowSeconds } from './context.ts';

export type Wire = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bandwidth: Bandwidth | undefined;
};

const READ_BYTES = 256 * 1024;

/** The file that a download asks for, if whoever asks may read it: a private one needs a signature, of either kind. */
export function fileToDownload(
  context: Context,
  { address, authorization }: Call,
  credentials: readonly Credentials[],
): FileRecord {
  needBucket(context, address);
  const file = context.store.files.get(address.bucket, address.path);
  if (isPrivate(context, file)) {
    checkSignature({ authorization, address, kind: 'either' }, credentials, nowSeconds(context));
  }
  if (!file) throw new Refused(-197);
  return file;
}

/** `eInvalid`, or no file at all: as the bucket says. */
function isPrivate({ behaviour }: Context, file: FileRecord | undefined): boolean {
  if (file && file.authority !== 'eInvalid') return file.authority === 'eWRPrivate';
  return behaviour.privateBuckets;
}

/** Sends a file, or the part of it that `Range` asks for, with the headers set on it. */
export async function sendFile(context: Context, file: FileRecord, wire: Wire): Promise<void> {
  const { request, response } = wire;
  const data = await open(context.store.dataPath(file.dataId)); // open first: it stays readable if replaced now
  try {
    const validators = { etag: `"${file.sha ?? file.dataId.slice(0, 40)}"`, modifiedSeconds: file.mtime };
    const headers = headersOf(file, validators.etag);
    const status = checkConditions(request.headers, validators);
    if (status !== 200) return void response.writeHead(status, headers).end();
    const asked = rangeIsMeant(request.headers, validators) ? request.headers.range : undefined;
    const range = readByteRange(asked, file.size);
    if (range.kind === 'beyond')
      return void response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    const [start, end] = range.kind === 'part' ? [range.start, range.end] : [0, file.size - 1];
    response.writeHead(range.kind === 'part' ? 206 : 200, {
      ...headers,
      'Content-Length': end - start + 1,
      ...(range.kind === 'part' && { 'Content-Range': `bytes ${start}-${end}/${file.size}` }),
    });
    if (request.method === 'HEAD' || file.size === 0) return void response.end();
    const bytes = data.createReadStream({ autoClose: false, highWaterMark: READ_BYTES, start, end });
    await (wire.bandwidth ? pipeline(bytes, throttled(wire.bandwidth), response) : pipeline(bytes, response));
  } finally {
    await data.close();
  }
}

const headersOf = (file: FileRecord, etag: string): Record<string, string> => ({
  'Content-Type': 'application/octet-stream',
  'Last-Modified': new Date(file.mtime * 1000).toUTCString(),
  ETag: etag,
  'Accept-Ranges': 'bytes',
  ...onTheWire(file.customHeaders),
});

/** `content-type` set by a client must replace ours, not stand beside it; UTF-8 goes out byte by byte. */
const onTheWire = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      /^x-/i.test(name) ? name : name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      Buffer.from(value, 'utf8').toString('latin1'),
    ]),
  );
