import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Agent } from 'undici';
import { asError, SourceChanged, SourceMissing, SourceUnavailable } from '../errors.ts';
import { backoffMs, pause, type RetryPolicy } from '../retry.ts';
import type { Slice } from '../slices/slices.ts';
import type { ObjectRef, ObjectSource, PinnedObject } from './source.ts';

export type S3SourceParts = {
  readonly s3: S3Client;
  /** For range reads that break: they are ours, not the SDK's. */
  readonly policy: RetryPolicy;
  /** The longest silence on a socket, in ms. */
  readonly idleTimeoutMs: number;
  readonly random: () => number;
};

/** A signed address is good for a worker's whole life, in s (Lambda ends it after 900). */
const ADDRESS_VALID_S = 1_800;
const ADDRESS_REUSE_MS = 600_000;

/** Objects of S3, pinned by HEAD, read by signed range requests over undici: the SDK's own body costs twice the CPU. */
export function openS3Source({
  s3,
  policy,
  idleTimeoutMs,
  random,
}: S3SourceParts): ObjectSource & { close(): Promise<void> } {
  const agent = new Agent({ connections: 16, headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs });
  const addresses = new Map<string, { url: string; at: number }>();

  const addressOf = async (object: PinnedObject): Promise<URL> => {
    const name = JSON.stringify([object.bucket, object.key, object.versionId]);
    const known = addresses.get(name);
    if (known && performance.now() - known.at < ADDRESS_REUSE_MS) return new URL(known.url);
    const command = new GetObjectCommand({
      Bucket: object.bucket,
      Key: object.key,
      VersionId: object.versionId,
    });
    const url = await getSignedUrl(s3, command, { expiresIn: ADDRESS_VALID_S });
    if (addresses.size > 100) addresses.clear();
    addresses.set(name, { url, at: performance.now() });
    return new URL(url);
  };

  /** One request; yields what arrives of the range. */
  async function* readOnce(
    object: PinnedObject,
    range: Slice,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const url = await addressOf(object);
    const { statusCode, body } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        range: `bytes=${range.offset}-${range.offset + range.length - 1}`,
        'if-match': `"${object.etag}"`,
      },
      signal,
    });
    if (statusCode === 206 || (statusCode === 200 && range.offset === 0 && range.length === object.size)) {
      yield* body;
      return;
    }
    const text = await body.text();
    throw answered(object, statusCode, text);
  }

  async function* read(object: PinnedObject, range: Slice, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let { offset, length } = range;
    for (let attempt = 1; length > 0; attempt += 1) {
      try {
        for await (const chunk of readOnce(object, { offset, length }, signal)) {
          if (chunk.length > length)
            throw new SourceUnavailable(`S3 sent more than was asked for of ${nameOf(object)}`);
          offset += chunk.length;
          length -= chunk.length;
          attempt = 1; // what moves is not stuck
          yield chunk;
        }
        if (length > 0) throw new SourceUnavailable(`S3 sent ${length} bytes too few of ${nameOf(object)}`);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof SourceChanged || error instanceof SourceMissing) throw error;
        if (attempt >= policy.attempts) throw unavailable(object, error);
        await pause(backoffMs(policy, attempt, random), signal);
      }
    }
  }

  return {
    async pin(ref, signal) {
      try {
        const head = await s3.send(
          new HeadObjectCommand({
            Bucket: ref.bucket,
            Key: ref.key,
            VersionId: ref.versionId,
            IfMatch: ref.etag === undefined ? undefined : `"${ref.etag}"`,
            ChecksumMode: 'ENABLED',
          }),
          { abortSignal: signal },
        );
        return { object: pinned(ref, head), metadata: metadataOf(head) };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const status = statusOf(error);
        throw status === undefined
          ? unavailable(ref, error)
          : answered(ref, status, asError(error).name, error);
      }
    },
    read,
    close: () => agent.destroy(),
  };
}

const nameOf = ({ bucket, key }: { bucket: string; key: string }): string => `s3://${bucket}/${key}`;

function answered(ref: ObjectRef, status: number, said: string, cause?: unknown): Error {
  const name = nameOf(ref);
  if (status === 412 || status === 416)
    return new SourceChanged(`${name} changed after the relay began`, { cause });
  if (status === 404) return new SourceMissing(`${name} does not exist`, { cause });
  if (status === 403) return new SourceMissing(`${name} may not be read (or does not exist)`, { cause });
  if (status === 400 || status === 405)
    return new SourceMissing(`${name} cannot be read: ${said}`, { cause });
  return new SourceUnavailable(`S3 answered HTTP ${status} for ${name}`, { cause });
}

function unavailable(ref: ObjectRef, cause: unknown): SourceUnavailable {
  if (cause instanceof SourceUnavailable) return cause;
  return new SourceUnavailable(`no answer from S3 for ${nameOf(ref)}: ${asError(cause).message}`, { cause });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number }; // every SDK error has this shape
  return httpStatusCode;
}

function pinned(ref: ObjectRef, head: HeadObjectCommandOutput): PinnedObject {
  if (head.ETag === undefined || head.ContentLength === undefined) {
    throw new SourceUnavailable(`S3 told neither ETag nor size of ${nameOf(ref)}`);
  }
  const versionId = head.VersionId ?? ref.versionId;
  const whole = head.ChecksumSHA1 && head.ChecksumType !== 'COMPOSITE' && !head.ChecksumSHA1.includes('-');
  return {
    bucket: ref.bucket,
    key: ref.key,
    ...(versionId !== undefined && versionId !== 'null' && { versionId }),
    etag: head.ETag.replaceAll('"', ''),
    size: head.ContentLength,
    lastModified: head.LastModified?.getTime() ?? 0,
    ...(whole && { sha1: Buffer.from(head.ChecksumSHA1 ?? '', 'base64').toString('hex') }),
  };
}

const metadataOf = (head: HeadObjectCommandOutput) => ({
  contentType: head.ContentType,
  cacheControl: head.CacheControl,
  contentDisposition: head.ContentDisposition,
  contentLanguage: head.ContentLanguage,
  contentEncoding: head.ContentEncoding,
  user: head.Metadata ?? {},
});
