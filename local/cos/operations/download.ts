import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Address } from '../wire/address.ts';
import { Refused } from '../wire/codes.ts';
import type { Context } from './context.ts';

/** Sends a finished file with the headers set on it. Open to all: it is what an `access_url` leads to. */
export async function download(
  context: Context,
  address: Address,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = context.store.files.get(address.bucket, address.path);
  if (!file || address.appId !== context.behaviour.appId) throw new Refused(-197);
  const data = await open(context.store.dataPath(file.dataId)); // open first: it stays readable if replaced now
  try {
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Last-Modified': new Date(file.mtime * 1000).toUTCString(),
      ...titleCased(file.customHeaders),
      'Content-Length': file.size,
    });
    if (request.method === 'HEAD' || file.size === 0) response.end();
    else await pipeline(data.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }), response);
  } finally {
    await data.close();
  }
}

/** `content-type` set by a client must replace ours, not stand beside it. */
const titleCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      /^x-/i.test(name) ? name : name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  );
