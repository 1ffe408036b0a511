import { syncBuiltinESMExports } from 'node:module';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import { streamOf } from './random.ts';

/** Monday, in ms since the epoch; every run begins here. */
const BEGIN = Date.UTC(2026, 0, 5);

const realImmediate = setImmediate;
/** What was promised and needs no time is done when this resolves. */
export const settled = (): Promise<void> => new Promise((resolve) => void realImmediate(resolve));

/**
 * Runs `work` with timers, clock and `Math.random` of its own, for all code of this process: nothing in it waits for the
 * machine, and nothing in it is drawn outside the seed.
 */
export async function inVirtualTime<T>(name: string, work: (clock: Clock) => Promise<T>): Promise<T> {
  const random = Math.random;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // errors are thrown by the thousand here, and told by name
  const clock = FakeTimers.install({
    now: BEGIN,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    loopLimit: 1_000_000,
    ignoreMissingTimers: true,
  });
  syncBuiltinESMExports();
  Math.random = streamOf(name, 'Math.random');
  try {
    return await work(clock);
  } finally {
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
    clock.uninstall();
    syncBuiltinESMExports();
  }
}
