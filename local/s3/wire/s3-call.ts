import { type Refusal, refusal } from './refusal.ts';

/** What a request asks for, read from its method and URL. Everything this endpoint does not do is a refusal. */
export type S3Call =
  | { readonly kind: 'buckets' }
  | { readonly kind: 'bucket'; readonly bucket: string }
  | { readonly kind: 'list'; readonly bucket: string; readonly query: URLSearchParams }
  | ObjectCall
  | Refusal;

export type ObjectCall = {
  readonly kind: 'object';
  readonly op: 'head' | 'get';
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
};

export function readCall(method: string, url: string): S3Call {
  if (method !== 'GET' && method !== 'HEAD')
    return refusal('NotImplemented', `this endpoint only reads: ${method}`);
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));

  const slash = path.indexOf('/', 1);
  const bucket = decoded(path.slice(1, slash === -1 ? undefined : slash));
  const key = slash === -1 ? '' : decoded(path.slice(slash + 1));
  if (bucket === undefined || key === undefined)
    return refusal('InvalidURI', 'the path is not percent-encoded UTF-8');

  if (bucket === '') return onlyWith(query, [], method === 'GET' ? { kind: 'buckets' } : undefined);
  if (!BUCKET_NAME.test(bucket)) return refusal('InvalidBucketName', `no bucket can be named ${bucket}`);
  if (key !== '') return objectCall(method === 'HEAD' ? 'head' : 'get', bucket, key, query);
  if (method === 'HEAD') return onlyWith(query, [], { kind: 'bucket', bucket });
  if (query.get('list-type') !== '2')
    return refusal('NotImplemented', 'of the bucket calls only ListObjectsV2 is here');
  return onlyWith(query, LIST_PARAMETERS, { kind: 'list', bucket, query });
}

function objectCall(op: 'head' | 'get', bucket: string, key: string, query: URLSearchParams): S3Call {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    return refusal('KeyTooLongError', `a key has at most ${MAX_KEY_BYTES} bytes`);
  const versionId = query.get('versionId');
  if (versionId !== null && versionId !== 'null')
    return refusal('NoSuchVersion', `there is no version ${versionId}`);
  return onlyWith(query, OBJECT_PARAMETERS, { kind: 'object', op, bucket, key, query });
}

const MAX_KEY_BYTES = 1024;

/** Looser than S3, which wants three characters and no capitals; strict enough to be a folder's name. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

const LIST_PARAMETERS = [
  'list-type',
  'prefix',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
];

/** GetObject lets the caller choose these headers of the answer. */
export const RESPONSE_OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

const OBJECT_PARAMETERS = ['versionId', ...RESPONSE_OVERRIDES];

/** A parameter we do not know changes what is meant (`?acl`, `?tagging`), so it must not be passed over. */
function onlyWith(query: URLSearchParams, known: readonly string[], call: S3Call | undefined): S3Call {
  const unknown = [...query.keys()].find((name) => !known.includes(name) && !isSignature(name));
  if (call === undefined || unknown !== undefined)
    return refusal('NotImplemented', `not here: ${unknown ?? 'this call'}`);
  return call;
}

const isSignature = (name: string): boolean => name === 'x-id' || /^x-amz-/i.test(name);

/** Once, and `+` stays a plus: that is how S3 reads a path. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
