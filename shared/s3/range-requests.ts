import { SourceDenied } from '../errors.ts';
import type { Slice } from '../slices/slices.ts';
import type { AnswerHead } from './answer-head.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { ObjectRef } from './object-source.ts';
import type { RangeConnection } from './range-connection.ts';
import { asksToResign, refusalOfS3 } from './refusal-of-s3.ts';
import type { SignedAddress, SignedAddresses } from './signed-addresses.ts';

type RangeAnswer = { readonly connection: RangeConnection; readonly head: AnswerHead };

export type RangeRequests = {
  /**
   * A signed GET of a range. Resolves once the head of a good answer is there. Throws what S3 says instead, and what the
   * socket says: a kept connection that the server has hung up on is none of the caller's attempts.
   */
  get(object: ObjectRef, range: Slice, signal: AbortSignal): Promise<RangeAnswer>;
};

export function openRangeRequests(pool: ConnectionPool, addresses: SignedAddresses): RangeRequests {
  /** Undefined: a kept connection was dead. */
  const once = async (
    address: SignedAddress,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    fresh: boolean,
  ): Promise<RangeAnswer | undefined> => {
    signal.throwIfAborted();
    const { connection, reused } = pool.take(address.place, fresh);
    const cut = () => connection.cut();
    signal.addEventListener('abort', cut, { once: true });
    try {
      return { connection, head: await connection.get(address.target, headers) };
    } catch (error) {
      pool.fail(connection);
      if (signal.aborted) throw signal.reason;
      if (reused) return undefined;
      throw error;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  };

  return {
    async get(object, range, signal) {
      const headers = {
        range: `bytes=${range.offset}-${range.offset + range.length - 1}`,
        ...(object.etag !== undefined && { 'if-match': `"${object.etag}"` }),
      };
      for (let signed = 1; ; signed += 1) {
        const address = await addresses.of(object);
        const answer =
          (await once(address, headers, signal, false)) ?? (await once(address, headers, signal, true));
        if (!answer) throw new Error('the connection was closed');
        const { connection, head } = answer;
        if (head.status === 206 || head.status === 200) return answer;
        const body = await connection.text();
        pool.give(connection);
        const [region, date] = [head.headers.get('x-amz-bucket-region'), head.headers.get('date')];
        const refusal = { status: head.status, body, region, date };
        const error = refusalOfS3(object, refusal);
        // an address that was used before may be over: one signed now tells whether the object may be read
        const isOld = !address.fresh && error instanceof SourceDenied;
        if (signed > 1 || !(isOld || asksToResign(refusal))) throw error;
        await addresses.resign(address, date);
      }
    },
  };
}
