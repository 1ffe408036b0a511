import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { deadlines } from '../../shared/lambda/deadline.ts';

test.each([
  ['a long call keeps twenty seconds for what is in flight', 900_000, 880_000, 899_000],
  ['a short one a quarter of its life', 8_000, 6_000, 7_600],
])('%s, and at most a second for the last word', (_, left, stopsAt, endsAt) => {
  const set: number[] = [];
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((_, ms = 0) => {
    set.push(ms);
    return { unref: () => undefined } as unknown as NodeJS.Timeout; // all that is asked of it
  });

  deadlines({ getRemainingTimeInMillis: () => left });

  expect(set).toEqual([stopsAt, endsAt]);
});

test('work is asked to stop before it is cut off', async () => {
  const { stop, signal } = deadlines({ getRemainingTimeInMillis: () => 40 });

  if (!stop.aborted) await once(stop, 'abort');

  expect(signal.aborted).toBe(false); // timers fire in order, each with all that follows from it
});
