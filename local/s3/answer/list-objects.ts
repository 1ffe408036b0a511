import { stat } from 'node:fs/promises';
import { versionOf } from '../folder/stored-object.ts';
import { walkBucket } from '../folder/walk-bucket.ts';
import { type Refusal, refusal } from '../wire/refusal.ts';
import { type XmlFields, xmlDocument } from '../wire/xml.ts';

export type Listing = { readonly kind: 'listing'; readonly body: string } | Refusal;

/** ListObjectsV2 of a folder, together with files that were mapped into the bucket from elsewhere. */
export async function listObjects(
  folder: string,
  mapped: ReadonlyMap<string, string>,
  bucket: string,
  query: URLSearchParams,
): Promise<Listing> {
  const limit = Number(query.get('max-keys') ?? MAX_KEYS);
  const token = query.get('continuation-token');
  const encoding = query.get('encoding-type');
  if (!Number.isInteger(limit) || limit < 0)
    return refusal('InvalidArgument', 'max-keys is not a whole number');
  if (encoding !== null && encoding !== 'url')
    return refusal('InvalidArgument', 'encoding-type can only be url');

  const inFolder = await walkBucket(folder);
  if (inFolder === undefined && mapped.size === 0)
    return refusal('NoSuchBucket', `there is no bucket ${bucket}`);
  const paths = new Map([...(inFolder ?? []), ...mapped]);
  const prefix = query.get('prefix') ?? '';
  const startAfter = query.get('start-after');
  const after = token === null ? (startAfter ?? '') : Buffer.from(token, 'base64url').toString();
  const rest = [...paths.keys()]
    .filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0)
    .sort(byBytes);
  const page = rest.slice(0, Math.min(limit, MAX_KEYS));
  const isTruncated = page.length > 0 && page.length < rest.length;

  const encode = encoding === 'url' ? encodeKey : (key: string) => key;
  const contents = await Promise.all(page.map((key) => entry(key, paths.get(key) ?? '', encode)));
  const body = xmlDocument('ListBucketResult', {
    Name: bucket,
    Prefix: encode(prefix),
    KeyCount: page.length,
    MaxKeys: limit,
    IsTruncated: isTruncated,
    ...(encoding === null ? {} : { EncodingType: encoding }),
    ...(startAfter === null ? {} : { StartAfter: encode(startAfter) }),
    ...(token === null ? {} : { ContinuationToken: token }),
    ...(isTruncated ? { NextContinuationToken: Buffer.from(page.at(-1) ?? '').toString('base64url') } : {}),
    Contents: contents.flat(),
  });
  return { kind: 'listing', body };
}

const MAX_KEYS = 1000;

/** One or, when the file went away meanwhile, none. */
async function entry(key: string, path: string, encode: (key: string) => string): Promise<XmlFields[]> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined || !stats.isFile()) return [];
  const { size, etag, modifiedAt } = versionOf(stats);
  const lastModified = modifiedAt.toISOString();
  return [{ Key: encode(key), LastModified: lastModified, ETag: etag, Size: size, StorageClass: 'STANDARD' }];
}

/** S3 lists in the order of the keys' UTF-8 bytes, which is not that of JavaScript's strings. */
const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));

const encodeKey = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/');
