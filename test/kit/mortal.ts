import type { Wired } from '../../shared/wiring/wiring.ts';

/** What Lambda says of a function that went away without a word. */
class ExitError extends Error {
  override readonly name = 'Runtime.ExitError';
  constructor() {
    super('RequestId: 0 Error: Runtime exited with error: signal: killed');
  }
}

/** One effect a step has on the world, or one look at it. */
export type Operation = {
  /** `cos.put`, `store.replace`, `source.read`, … */
  readonly name: string;
  readonly given: readonly unknown[];
};

export type Watcher = {
  /** Called before the operation; `die` inside it keeps the operation from happening. */
  before?(operation: Operation): Promise<void> | void;
  /** Called when it was done; `die` inside it keeps the step from hearing of it. */
  after?(operation: Operation, result: unknown): Promise<void> | void;
};

export type Life = {
  readonly services: Wired;
  /** From now on nothing this life does has an effect: requests are cut off, calls are refused. */
  die(): void;
  /** Rejects when it dies. */
  readonly death: Promise<never>;
};

/** The same services, of a function that can be killed between any two of its operations. */
export function mortal(services: Wired, watcher: Watcher = {}): Life {
  const end = new AbortController();
  const { promise: death, reject } = Promise.withResolvers<never>();
  death.catch(() => undefined); // whoever races with it hears of it

  const operate = async <T>(operation: Operation, work: () => Promise<T>): Promise<T> => {
    end.signal.throwIfAborted();
    await watcher.before?.(operation);
    end.signal.throwIfAborted();
    const result = await work();
    await watcher.after?.(operation, result);
    end.signal.throwIfAborted();
    return result;
  };
  /** Each method under `operate`; a signal among its arguments fires at death too. */
  const guarded = <T extends object>(room: string, inner: T): T =>
    new Proxy(inner, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) =>
          operate({ name: `${room}.${String(key)}`, given }, () =>
            Reflect.apply(
              method,
              target,
              given.map((one) => withEnd(one)),
            ),
          );
      },
    });
  const withEnd = (given: unknown): unknown =>
    given instanceof AbortSignal ? AbortSignal.any([given, end.signal]) : given;

  async function* read(...[object, range, signal, memory]: Parameters<Wired['source']['read']>) {
    end.signal.throwIfAborted();
    await watcher.before?.({ name: 'source.read', given: [object, range] });
    const alive = AbortSignal.any([signal, end.signal]);
    for await (const chunk of services.source.read(object, range, alive, memory)) {
      end.signal.throwIfAborted();
      yield chunk;
    }
  }

  return {
    services: {
      ...services,
      cos: guarded('cos', services.cos),
      store: guarded('store', services.store),
      source: { ...guarded('source', services.source), pin: guarded('source', services.source).pin, read },
    },
    death,
    die() {
      const error = new ExitError();
      end.abort(error);
      reject(error);
    },
  };
}
