import type { S3Client } from '@aws-sdk/client-s3';
import { RelayError, SourceChanged, SourceDenied, SourceUnavailable } from '../errors.ts';
import { backoffMs, pause, type RetryPolicy } from '../retry.ts';
import type { Slice } from '../slices/slices.ts';
import { type Clock, timeoutSignal } from '../time.ts';
import { asTold } from './as-told.ts';
import { openConnectionPool } from './connection-pool.ts';
import { headObject, noAnswer, pinnedBy } from './head-object.ts';
import { isArchived, metadataOf, type RawHeaders } from './object-metadata.ts';
import type {
  Fetched,
  Memory,
  ObjectRef,
  ObjectSource,
  Pinned,
  PinnedObject,
  ToldObject,
} from './object-source.ts';
import type { RangeConnection } from './range-connection.ts';
import { openRangeRequests } from './range-requests.ts';
import { refusalOfS3, sourceNameOf } from './refusal-of-s3.ts';
import { openSignedAddresses } from './signed-addresses.ts';

export type S3SourceParts = {
  readonly s3: S3Client;
  /** For range reads that break: they are ours, not the SDK's. */
  readonly policy: RetryPolicy;
  /** The longest silence on a socket, in ms. */
  readonly idleTimeoutMs: number;
  readonly random: () => number;
  readonly clock?: Clock;
};

/** What is read. `look` sees the headers of each answer, and may refuse it. */
type Asked = { readonly object: ToldObject; readonly look?: (headers: RawHeaders) => void };

/** Chunks of readers that bring no memory of their own, in bytes. */
const CHUNK_BYTES = 262_144;

const ownMemory: Memory = (left) => Buffer.allocUnsafeSlow(Math.min(left, CHUNK_BYTES));

/** Objects of S3, pinned by HEAD, read by signed range requests straight into memory: the SDK's own body costs several times the CPU. */
export function openS3Source({
  s3,
  policy,
  idleTimeoutMs,
  random,
  clock = Date.now,
}: S3SourceParts): ObjectSource & { close(): Promise<void> } {
  const pool = openConnectionPool(idleTimeoutMs);
  const requests = openRangeRequests(pool, openSignedAddresses(s3, clock));

  /** The range from its first byte on, on a connection of its own. Throws what S3 says instead. */
  const open = async (
    { object, look }: Asked,
    range: Slice,
    signal: AbortSignal,
  ): Promise<RangeConnection> => {
    const { connection, head } = await requests.get(object, range, signal);
    try {
      look?.(head.headers);
    } catch (error) {
      connection.cut();
      throw error;
    }
    const whole = head.status === 200 && range.offset === 0 && range.length === object.size;
    if ((head.status === 206 || whole) && head.length === range.length) return connection;
    connection.cut();
    throw new SourceUnavailable(
      `S3 sends ${head.length ?? 'unknown'} bytes of ${sourceNameOf(object)}, not ${range.length}`,
    );
  };

  async function* read(
    object: PinnedObject,
    range: Slice,
    signal: AbortSignal,
    memory: Memory = ownMemory,
  ): AsyncGenerator<Uint8Array> {
    const reading = openReading({ object }, range, signal);
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
  const openReading = (asked: Asked, range: Slice, signal: AbortSignal) => {
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
          connection ??= await open(asked, { offset, length }, signal);
          await connection.fill(chunk.subarray(filled));
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (error instanceof RelayError && error.remedy === 'give-up') throw error;
          trouble = error;
        }
        const moved = (connection?.received ?? 0) - before;
        [filled, offset, length] = [filled + moved, offset + moved, length - moved];
        if (filled === chunk.length) return;
        if (connection) pool.fail(connection);
        connection = undefined;
        if (moved > 0) attempt = 1; // what moves is not stuck
        if (attempt >= policy.attempts) throw noAnswer(asked.object, trouble);
        await pause(backoffMs(policy, attempt, random), signal);
      }
    };
    return { fill, close };
  };

  /** HEAD gives no reason: a GET of the first byte does. Resolves if that is answered, perhaps with credentials fetched anew. */
  const askForReason = async (ref: ObjectRef, signal: AbortSignal): Promise<void> => {
    const { etag: _, ...any } = ref;
    try {
      const { connection } = await requests.get(any, { offset: 0, length: 1 }, signal);
      connection.cut();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof SourceChanged) return; // 416: an empty object may be read
      throw error instanceof RelayError ? error : noAnswer(ref, error);
    }
  };

  const pin = async (ref: ObjectRef, signal: AbortSignal, again = false): Promise<Pinned> => {
    const limited = AbortSignal.any([signal, timeoutSignal(idleTimeoutMs)]);
    const { status, headers } = await headObject(s3, ref, limited).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    if (status === 400 || status === 403) {
      await askForReason(ref, signal);
      if (!again) return pin(ref, signal, true);
      throw new SourceDenied(`S3 answered HTTP ${status} to HEAD of ${sourceNameOf(ref)}, but not to GET`, {
        wayOut: 'see what stands between the relay and S3',
      });
    }
    const region = headers.get('x-amz-bucket-region');
    if (status !== 200) throw refusalOfS3(ref, { status, body: '', region });
    const object = pinnedBy(ref, headers);
    // not every S3 heeds If-Match in a HEAD
    if (ref.etag !== undefined && ref.etag !== object.etag)
      throw new SourceChanged(`${sourceNameOf(ref)} changed after the relay began`);
    return { object, metadata: metadataOf(headers), archived: isArchived(headers) };
  };

  const fetch = async (told: ToldObject, signal: AbortSignal): Promise<Fetched> => {
    let facts: Omit<Fetched, 'content'> | undefined;
    const look = (headers: RawHeaders) => {
      facts ??= asTold(told, headers);
    };
    const content = Buffer.allocUnsafeSlow(told.size);
    const reading = openReading({ object: told, look }, { offset: 0, length: told.size }, signal);
    try {
      await reading.fill(content);
    } finally {
      reading.close();
    }
    if (!facts) throw new SourceUnavailable(`no answer from S3 for ${sourceNameOf(told)}`);
    return { ...facts, content };
  };

  return { pin: (ref, signal) => pin(ref, signal), fetch, read, close: async () => pool.close() };
}
