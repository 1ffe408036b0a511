export type RetryPolicy = {
  /** How many times at most, the first one counted. */
  readonly attempts: number;
  /** The first pause is between 0 and this, in ms; it doubles with each attempt. */
  readonly baseMs: number;
  /** No pause is longer than this, in ms. */
  readonly capMs: number;
  /** All pauses together are not longer than this, in ms. */
  readonly budgetMs: number;
};

export type Retrying = {
  readonly policy: RetryPolicy;
  readonly isRetryable: (error: unknown) => boolean;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Told before each pause. */
  readonly onRetry?: ((error: unknown, attempt: number, pauseMs: number) => void) | undefined;
};

/** The pause before attempt `attempt + 1`, in ms: full jitter under a doubling, capped ceiling. */
export function backoffMs(policy: RetryPolicy, attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1)));
}

/**
 * Runs `work` until it succeeds, fails in a way that is not retryable, or attempts or budget run out. Throws the signal's
 * reason when it fires in a pause.
 */
export async function retrying<T>(work: (attempt: number) => Promise<T>, how: Retrying): Promise<T> {
  let budgetMs = how.policy.budgetMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      const pauseMs = backoffMs(how.policy, attempt, how.random);
      budgetMs -= pauseMs;
      const last = attempt >= how.policy.attempts || budgetMs < 0 || how.signal.aborted;
      if (last || !how.isRetryable(error)) throw error;
      how.onRetry?.(error, attempt, pauseMs);
      await pause(pauseMs, how.signal);
    }
  }
}

/** Throws the reason of the signal, which says more than "aborted". */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
  signal.throwIfAborted();
}
