import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { asError, SourceUnavailable } from '../errors.ts';
import type { RawHeaders } from './object-metadata.ts';
import type { ObjectRef, PinnedObject } from './object-source.ts';
import { sourceNameOf } from './refusal-of-s3.ts';

export type HeadAnswer = { readonly status: number; readonly headers: RawHeaders };

/**
 * HEAD of an object by the SDK, with its retries; the answer as it came. The SDK's own reading of it loses headers (a
 * `__proto__` among the metadata, an `Expires` that is no date) and knows no reason for a refusal. Throws
 * SourceUnavailable when nothing came.
 */
export async function headObject(s3: S3Client, ref: ObjectRef, signal: AbortSignal): Promise<HeadAnswer> {
  let last: HeadAnswer | undefined;
  const command = new HeadObjectCommand({
    Bucket: ref.bucket,
    Key: ref.key,
    VersionId: ref.versionId,
    IfMatch: ref.etag === undefined ? undefined : `"${ref.etag}"`,
    ChecksumMode: 'ENABLED',
  });
  command.middlewareStack.add(
    (next) => async (given) => {
      last = undefined;
      const answer = await next(given);
      last = readAnswer(answer.response);
      return answer;
    },
    { step: 'deserialize', priority: 'low', name: 'answerAsItCame' },
  );
  try {
    await s3.send(command, { abortSignal: signal });
  } catch (cause) {
    if (!last) throw noAnswer(ref, cause);
  }
  if (!last) throw new SourceUnavailable(`no answer from S3 for ${sourceNameOf(ref)}`);
  return last;
}

/** Only the system's own word for the trouble is repeated. */
export function noAnswer(ref: Pick<ObjectRef, 'bucket' | 'key'>, cause: unknown): SourceUnavailable {
  if (cause instanceof SourceUnavailable) return cause;
  const { name, message } = asError(cause);
  return new SourceUnavailable(`no answer from S3 for ${sourceNameOf(ref)}: ${name}: ${message}`, { cause });
}

function readAnswer(response: unknown): HeadAnswer | undefined {
  if (typeof response !== 'object' || response === null) return undefined;
  if (!('statusCode' in response && 'headers' in response)) return undefined;
  const { statusCode, headers } = response as { statusCode: number; headers: Record<string, string> }; // HttpResponse
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { status: statusCode, headers: new Map(entries) };
}

/** What the headers of a HEAD, or of a GET, say of the version. Throws SourceUnavailable if they do not say what it is. */
export function pinnedBy(ref: ObjectRef, headers: RawHeaders): PinnedObject {
  const etag = headers.get('etag')?.replace(/^W\//, '').replaceAll('"', '') ?? '';
  const length = wholeLength(headers);
  if (etag === '' || !/^\d{1,15}$/.test(length))
    throw new SourceUnavailable(`S3 told neither ETag nor size of ${sourceNameOf(ref)}`);
  const versionId = headers.get('x-amz-version-id') ?? ref.versionId;
  const lastModified = Date.parse(headers.get('last-modified') ?? '');
  const sha1 = wholeSha1(headers);
  return {
    bucket: ref.bucket,
    key: ref.key,
    // "null" is the version of a bucket that keeps none: each overwrite has it
    ...(versionId !== undefined && versionId !== '' && versionId !== 'null' && { versionId }),
    etag,
    size: Number(length),
    lastModified: Number.isNaN(lastModified) ? 0 : lastModified,
    ...(sha1 !== undefined && { sha1 }),
  };
}

/** In digits: of a range, what stands behind the stroke of `bytes 0-9/22` (RFC 9110, 14.4). */
const wholeLength = (headers: RawHeaders): string =>
  /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? headers.get('content-length') ?? '';

/** S3's SHA-1 is of the whole object only if it was not put together from parts. */
function wholeSha1(headers: RawHeaders): string | undefined {
  const told = headers.get('x-amz-checksum-sha1') ?? '';
  if (headers.get('x-amz-checksum-type') === 'COMPOSITE' || !/^[A-Za-z0-9+/]{27}=$/.test(told))
    return undefined;
  return Buffer.from(told, 'base64').toString('hex');
}
