import type { IncomingMessage } from 'node:http';
import { propertyHeaders, readProperties } from '../folder/properties.ts';
import type { StoredObject } from '../folder/stored-object.ts';
import { type ByteRange, readRange } from '../wire/byte-range.ts';
import { type Refusal, refusal } from '../wire/refusal.ts';
import { type ObjectCall, RESPONSE_OVERRIDES } from '../wire/s3-call.ts';

export type ObjectAnswer =
  | Refusal
  | {
      readonly kind: 'object';
      readonly status: 200 | 206;
      readonly headers: Readonly<Record<string, string>>;
      readonly range: ByteRange;
    };

/** The answer to HEAD and GET of an open object, short of the bytes. */
export async function describeObject(
  call: ObjectCall,
  request: IncomingMessage['headers'],
  object: StoredObject,
  propertiesFile: string,
): Promise<ObjectAnswer> {
  const { etag, size } = object;
  const unmet = unmetCondition(request, object);
  if (unmet !== undefined) return unmet;

  const wanted = readRange(request.range, size);
  if (wanted.kind === 'unsatisfiable') {
    return refusal('InvalidRange', `the object has ${size} bytes`, { 'content-range': `bytes */${size}` });
  }
  const isPart = wanted.kind === 'part';
  const range = isPart ? wanted.range : { offset: 0, length: size };

  const properties = await readProperties(propertiesFile, etag);
  const headers = {
    'accept-ranges': 'bytes',
    etag,
    'last-modified': object.modifiedAt.toUTCString(),
    ...propertyHeaders(call.key, properties),
    ...overrides(call.query),
    ...(isPart
      ? { 'content-range': `bytes ${range.offset}-${range.offset + range.length - 1}/${size}` }
      : {}),
    ...(isPart ? {} : checksumHeaders(request, properties.checksumSHA1)),
    'content-length': String(range.length),
  };
  return { kind: 'object', status: isPart ? 206 : 200, headers, range };
}

/** RFC 9110: an ETag condition decides alone; a date is asked only where there is none. */
function unmetCondition(
  request: IncomingMessage['headers'],
  { etag, modifiedAt }: StoredObject,
): Refusal | undefined {
  const seconds = Math.floor(modifiedAt.getTime() / 1000);
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request;
  const isMatch =
    ifMatch === undefined ? !isAfter(seconds, request['if-unmodified-since']) : names(ifMatch, etag);
  if (!isMatch) return refusal('PreconditionFailed', 'the object is another version by now');

  const since = request['if-modified-since'];
  const isKnown =
    ifNoneMatch === undefined ? since !== undefined && !isAfter(seconds, since) : names(ifNoneMatch, etag);
  return isKnown ? refusal('NotModified', 'the object is still that version', { etag }) : undefined;
}

const isAfter = (seconds: number, date: string | undefined): boolean =>
  date !== undefined && seconds > Date.parse(date) / 1000;

/** S3 takes an ETag with or without its quotes. */
const names = (header: string, etag: string): boolean =>
  header.trim() === '*' ||
  header.split(',').some((one) => one.trim().replaceAll('"', '') === etag.replaceAll('"', ''));

function overrides(query: URLSearchParams): Record<string, string> {
  const asked = RESPONSE_OVERRIDES.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name.slice('response-'.length), Buffer.from(value).toString('latin1')]];
  });
  return Object.fromEntries(asked);
}

/** Of the whole object, so it goes out only with the whole: the SDK would check a range against it. */
function checksumHeaders(
  request: IncomingMessage['headers'],
  sha1: string | undefined,
): Record<string, string> {
  const isAsked = request['x-amz-checksum-mode']?.toString().toUpperCase() === 'ENABLED';
  return isAsked && sha1 !== undefined
    ? { 'x-amz-checksum-sha1': sha1, 'x-amz-checksum-type': 'FULL_OBJECT' }
    : {};
}
