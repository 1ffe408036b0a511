/** Milliseconds since the epoch. */
export type EpochMillis = number;
/** Seconds since the epoch. */
export type EpochSeconds = number;

/** Where the time comes from; tests and skewed clocks give their own. */
export type Clock = () => EpochMillis;

export const toSeconds = (at: EpochMillis): EpochSeconds => Math.floor(at / 1000);

/**
 * Fires after `ms` with a TimeoutError and keeps no process alive. `AbortSignal.timeout` does the same on a timer that nobody
 * else can set: virtual time would not reach it.
 */
export function timeoutSignal(ms: number): AbortSignal {
  const timeout = new AbortController();
  const error = () => new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  setTimeout(() => timeout.abort(error()), ms).unref();
  return timeout.signal;
}
