import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { asError, SourceChanged, SourceMissing, SourceUnavailable } from '../errors.ts';
import { backoffMs, pause, type RetryPolicy } from '../retry.ts';
import type { Slice } from '../slices/slices.ts';
import { timeoutSignal } from '../time.ts';
import { openConnectionPool } from './connection-pool.ts';
import type { Memory, ObjectRef, ObjectSource, PinnedObject } from './object-source.ts';
import type { RangeConnection } from './range-connection.ts';

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
/** Chunks of readers that bring no memory of their own, in bytes. */
const CHUNK_BYTES = 262_144;

const ownMemory: Memory = (left) => Buffer.allocUnsafeSlow(Math.min(left, CHUNK_BYTES));

/** Objects of S3, pinned by HEAD, read by signed range requests straight into memory: the SDK's own body costs several times the CPU. */
export function openS3Source({
  s3,
  policy,
  idleTimeoutMs,
  random,
}: S3SourceParts): ObjectSource & { close(): Promise<void> } {
  const pool = openConnectionPool(idleTimeoutMs);
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

  /** The range from its first byte on, on a connection of its own. Throws what S3 says instead. */
  const open = async (object: PinnedObject, range: Slice, signal: AbortSignal): Promise<RangeConnection> => {
    const url = await addressOf(object);
    signal.throwIfAborted();
    const connection = pool.take(url);
    const cut = () => connection.cut();
    signal.addEventListener('abort', cut, { once: true });
    try {
      const { status, length } = await connection.get(url.pathname + url.search, {
        range: `bytes=${range.offset}-${range.offset + range.length - 1}`,
        'if-match': `"${object.etag}"`,
      });
      const whole = status === 200 && range.offset === 0 && range.length === object.size;
      if (status !== 206 && !whole) throw answered(object, status, await connection.text());
      if (length !== range.length)
        throw new SourceUnavailable(`S3 sends ${length} bytes of ${nameOf(object)}, not ${range.length}`);
      return connection;
    } catch (error) {
      connection.cut();
      throw error;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  };

  async function* read(
    object: PinnedObject,
    range: Slice,
    signal: AbortSignal,
    memory: Memory = ownMemory,
  ): AsyncGenerator<Uint8Array> {
    const reading = openReading(object, range, signal);
    try {
      for (let left = range.length; left > 0; ) {
        const chunk = await memory(left);
        await reading.fill(chunk);
        left -= chunk.length;
        yield chunk;
      }
    } finally {
      reading.close();
    }
  }

  /** Reads on after a break, from the byte where it broke. */
  const openReading = (object: PinnedObject, range: Slice, signal: AbortSignal) => {
    let { offset, length } = range;
    let connection: RangeConnection | undefined;
    const cut = () => connection?.cut();
    signal.addEventListener('abort', cut, { once: true });
    const close = () => {
      signal.removeEventListener('abort', cut);
      if (connection) pool.give(connection);
    };

    const fill = async (chunk: Uint8Array): Promise<void> => {
      let filled = 0;
      for (let attempt = 1; filled < chunk.length; attempt += 1) {
        const before = connection?.received ?? 0;
        let trouble: unknown;
        try {
          connection ??= await open(object, { offset, length }, signal);
          await connection.fill(chunk.subarray(filled));
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (error instanceof SourceChanged || error instanceof SourceMissing) throw error;
          trouble = error;
        }
        const moved = (connection?.received ?? 0) - before;
        [filled, offset, length] = [filled + moved, offset + moved, length - moved];
        if (filled === chunk.length) return;
        if (connection) pool.give(connection);
        connection = undefined;
        if (moved > 0) attempt = 1; // what moves is not stuck
        if (attempt >= policy.attempts) throw unavailable(object, trouble);
        await pause(backoffMs(policy, attempt, random), signal);
      }
    };
    return { fill, close };
  };

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
          { abortSignal: AbortSignal.any([signal, timeoutSignal(idleTimeoutMs)]) },
        );
        const object = pinned(ref, head);
        // not every S3 heeds If-Match in a HEAD
        if (ref.etag !== undefined && ref.etag !== object.etag) throw answered(ref, 412, 'another ETag');
        return { object, metadata: metadataOf(head) };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof SourceChanged) throw error;
        const status = statusOf(error);
        throw status === undefined
          ? unavailable(ref, error)
          : answered(ref, status, asError(error).name, error);
      }
    },
    read,
    close: async () => pool.close(),
  };
}

const nameOf = ({ bucket, key }: { bucket: string; key: string }): string => `s3://${bucket}/${key}`;

function answered(ref: ObjectRef, status: number, said: string, cause?: unknown): Error {
  const name = nameOf(ref);
  if (status === 412 || status === 416)
    return new SourceChanged(`${name} changed after the relay began`, { cause });
  if (status === 404) return new SourceMissing(`${name} does not exist`, { cause, absent: true });
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
