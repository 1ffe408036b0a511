import { expect, test } from 'vitest';
import { openPace, type Place } from '../../shared/cos/pace.ts';

const never = new AbortController().signal;
const LATENCY_MS = 50;

/**
 * A line that gives each slice a latency and lets so many through a second, in a time of its own. `run` sends whatever the
 * pace admits for so many rounds: a round is as many slices as the limit was when the round began.
 */
function openLine() {
  let clock = 0;
  let freeAt = 0;
  const pace = openPace({ start: 4, least: 2, most: 64, now: () => clock });
  const onLine: { readonly place: Place; readonly end: number }[] = [];

  async function run(slicesPerSecond: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      for (let left = pace.limit; left > 0; left -= 1) {
        while (pace.inFlight < pace.limit) {
          const place = await pace.enter(never);
          if (!place) throw new Error('no place although one is free');
          freeAt = Math.max(freeAt, clock) + 1_000 / slicesPerSecond;
          onLine.push({ place, end: freeAt + LATENCY_MS });
        }
        const done = onLine.shift(); // first in, first out: it is one line
        if (done) clock = Math.max(clock, done.end);
        done?.place.leave();
      }
    }
  }
  return { pace, run };
}

/** What the line holds at once: rate times the time a slice needs when nothing queues. */
const held = (slicesPerSecond: number): number =>
  (slicesPerSecond * (LATENCY_MS + 1_000 / slicesPerSecond)) / 1_000;

test('a line that narrows to a tenth is followed within ten rounds, and when it widens again too', async () => {
  const { pace, run } = openLine();
  const [wide, narrow] = [400, 40];
  await run(wide, 60);
  const before = pace.limit;

  await run(narrow, 10);
  const narrowed = pace.limit;
  await run(wide, 10);

  expect(before).toBeGreaterThanOrEqual(held(wide));
  expect(narrowed).toBeGreaterThanOrEqual(held(narrow)); // the line stays full
  expect(narrowed).toBeLessThanOrEqual(4 * held(narrow)); // and the queue short
  expect(pace.limit).toBeGreaterThanOrEqual(held(wide));
});

test.each(Array.from({ length: 24 }, (_, at) => at))(
  'wherever in its cycle it is: after %i rounds more',
  async (at) => {
    const { pace, run } = openLine();
    await run(400, 60 + at);

    await run(40, 10);
    const narrowed = pace.limit;
    await run(400, 10);

    expect(narrowed).toBeLessThanOrEqual(4 * held(40));
    expect(narrowed).toBeGreaterThanOrEqual(held(40));
    expect(pace.limit).toBeGreaterThanOrEqual(held(400));
  },
);
