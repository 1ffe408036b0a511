import { CosUnavailable } from '../errors.ts';
import { type Retrying, type RetryPolicy, retrying } from '../retry.ts';
import type { CosClient } from './client.ts';

export type CosRetries = {
  readonly policy: RetryPolicy;
  readonly random: () => number;
  readonly onRetry?: Retrying['onRetry'];
};

/** The only owner of retries towards COS: dropped sockets, 5xx, busy. Every request is signed anew. */
export function withRetry(inner: CosClient, retries: CosRetries): CosClient {
  const repeated =
    <Rest extends unknown[], T>(work: (...given: [...Rest, AbortSignal]) => Promise<T>) =>
    (...given: [...Rest, AbortSignal]): Promise<T> =>
      retrying(() => work(...given), {
        ...retries,
        isRetryable: (error) => error instanceof CosUnavailable,
        signal: given.at(-1) as AbortSignal, // the last of a tuple that ends in one
      });

  return {
    open: repeated(inner.open),
    list: repeated(inner.list),
    put: repeated(inner.put),
    finish: repeated(inner.finish),
    upload: repeated(inner.upload),
    stat: repeated(inner.stat),
    remove: repeated(inner.remove),
    update: repeated(inner.update),
    folder: repeated(inner.folder),
    createDirectory: repeated(inner.createDirectory),
  };
}
