import type { Context } from 'aws-lambda';
import type { Wired } from '../../shared/wiring/wiring.ts';
import type { Life } from './scheduler.ts';

/** What Lambda says of a function whose time was up. */
class TimedOut extends Error {
  override readonly name = 'Sandbox.Timedout';
}

export type LifeOptions = {
  /** The version it works for. */
  readonly about: string;
  /** How long it may run, in ms. */
  readonly limitMs: number;
  readonly skew: number;
};

/** The Lambdas that run now. */
export function openLives(onTimeout: () => void) {
  const running = new Set<Life>();

  /** Runs `work` as one call of a Lambda; rejects when it is killed, whatever is left of it then. */
  async function live<T>(
    name: string,
    { about, limitMs, skew }: LifeOptions,
    services: (life: Life) => Wired,
    work: (own: Wired, context: Context) => Promise<T>,
  ): Promise<T> {
    const end = new AbortController();
    const { promise: death, reject } = Promise.withResolvers<never>();
    death.catch(() => undefined);
    const life: Life = {
      name,
      about,
      skew,
      end: end.signal,
      count: 0,
      open: 0,
      die(why) {
        end.abort(why);
        reject(why);
      },
    };
    const until = Date.now() + limitMs;
    const timer = setTimeout(() => {
      onTimeout();
      life.die(new TimedOut(`${name} had ${limitMs} ms`));
    }, limitMs);
    running.add(life);
    const context = { getRemainingTimeInMillis: () => Math.max(0, until - Date.now()) };
    try {
      // nothing else of the context is read here
      return await Promise.race([work(services(life), context as Context), death]);
    } finally {
      clearTimeout(timer);
      running.delete(life);
    }
  }

  return { live, running: running as ReadonlySet<Life> };
}

export type Lives = ReturnType<typeof openLives>;
