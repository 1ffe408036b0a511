import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPace, type Place } from '../../shared/cos/pace.ts';

test('there are never more in flight than the most, or than the limit says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.constantFrom('enter', 'leave', 'slow', 'time'), { maxLength: 80 }),
      async (most, acts) => {
        const time = { now: 0 };
        const pace = openPace({ start: 4, least: 2, most, now: () => time.now });
        const stop = new AbortController();
        const places: Place[] = [];
        const entering: Promise<unknown>[] = [];
        for (const act of acts) {
          if (act === 'enter')
            entering.push(pace.enter(stop.signal).then((place) => place && places.push(place)));
          else if (act === 'leave') places.shift()?.leave();
          else if (act === 'slow') pace.slowDown();
          else time.now += 150;
          await Promise.resolve();

          expect(pace.inFlight).toBeLessThanOrEqual(most);
          expect(pace.limit).toBeLessThanOrEqual(most);
          expect(pace.limit).toBeGreaterThanOrEqual(1);
        }
        stop.abort();
        await Promise.all(entering);
      },
    ),
  );
});
