import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as z from 'zod';
import { objectPath } from './object-path.ts';

/** What an object carries besides its bytes; kept in a file of its own beside the buckets. */
const objectProperties = z.object({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentEncoding: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** Base64, as S3 sends it. */
  checksumSHA1: z.string().optional(),
  /** The version these words are about; for any other they do not count. Without it they are about all. */
  etag: z.string().optional(),
});
export type ObjectProperties = z.infer<typeof objectProperties>;

export const propertiesPath = (root: string, bucket: string, key: string): string =>
  objectPath(join(root, '.meta'), bucket, `${key}.json`);

export async function readProperties(path: string, etag: string): Promise<ObjectProperties> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  const properties = objectProperties.parse(JSON.parse(text));
  return (properties.etag ?? etag) === etag ? properties : {};
}

export function propertyHeaders(key: string, properties: ObjectProperties): Record<string, string> {
  const headers: [name: string, value: string | undefined][] = [
    ['content-type', properties.contentType ?? typeOf(key)],
    ['cache-control', properties.cacheControl],
    ['content-disposition', properties.contentDisposition],
    ['content-language', properties.contentLanguage],
    ['content-encoding', properties.contentEncoding],
  ];
  for (const [name, value] of Object.entries(properties.metadata ?? {})) {
    headers.push([`x-amz-meta-${name.toLowerCase()}`, asciiValue(value)]);
  }
  return Object.fromEntries(
    headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, utf8Bytes(value)]])),
  );
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.gz': 'application/gzip',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mov': 'video/quicktime',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tar': 'application/x-tar',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

const typeOf = (key: string): string => TYPES[extname(key).toLowerCase()] ?? 'binary/octet-stream'; // S3's own default

/** Metadata that is not ASCII travels as an RFC 2047 word, as S3 sends it. */
const asciiValue = (value: string): string =>
  /^[\x20-\x7e]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`;

/** Node writes header text as Latin-1; this way the bytes on the wire are UTF-8. */
const utf8Bytes = (value: string): string => Buffer.from(value).toString('latin1');
