import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, pause, retrying } from '../../shared/retry.ts';

const never = new AbortController().signal;
const FAST = { attempts: 4, baseMs: 0, capMs: 0, budgetMs: 1 };

test('a pause is a whole number of ms below a ceiling that doubles up to the cap', () => {
  const policies = fc.record({
    attempts: fc.constant(9),
    baseMs: fc.integer({ min: 1, max: 1_000 }),
    capMs: fc.integer({ min: 1, max: 60_000 }),
    budgetMs: fc.constant(0),
  });
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (policy, attempt, draw) => {
        const ms = backoffMs(policy, attempt, () => draw);

        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1)));
      },
    ),
  );
});

test.each([
  ['the attempts are used up', FAST, 4],
  ['the budget of pauses is used up', { attempts: 100, baseMs: 2, capMs: 2, budgetMs: 2 }, 3],
])('work that keeps failing is given up when %s, with its last error', async (_, policy, times) => {
  let tries = 0;
  const work = async (attempt: number) => {
    tries = attempt;
    throw new Error(`try ${attempt}`);
  };

  const done = retrying(work, { policy, isRetryable: () => true, signal: never, random: () => 0.999 });

  await expect(done).rejects.toThrow(`try ${times}`);
  expect(tries).toBe(times);
});

test('what is not worth another try is thrown at once', async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    throw new Error('final');
  };

  await expect(
    retrying(work, { policy: FAST, isRetryable: () => false, signal: never, random: Math.random }),
  ).rejects.toThrow('final');
  expect(tries).toBe(1);
});

test('a pause cut short throws what the signal says', async () => {
  const stop = new AbortController();
  const reason = new Error('the time is up');
  const paused = pause(60_000, stop.signal);

  stop.abort(reason);

  await expect(paused).rejects.toBe(reason);
});
