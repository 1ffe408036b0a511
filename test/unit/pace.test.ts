import { expect, test } from 'vitest';
import { openPace, type Place } from '../../shared/cos/pace.ts';

const never = new AbortController().signal;

/** A wire that carries at most `most` slices at a time, each in `ms`; those beyond wait their turn. */
async function carry(most: number, ms: number, slices: number) {
  let clock = 0;
  const pace = openPace({ start: 4, least: 2, most: 32, now: () => clock });
  const onWire: { place: Place; end: number }[] = [];
  let freeAt = Array.from({ length: most }, () => 0);
  for (let sent = 0; sent < slices; ) {
    while (pace.inFlight < pace.limit && sent < slices) {
      const place = await pace.enter(never);
      if (!place) throw new Error('no place although one is free');
      const [first = 0, ...others] = freeAt.sort((a, b) => a - b);
      const end = Math.max(first, clock) + ms;
      freeAt = [...others, end];
      onWire.push({ place, end });
      sent += 1;
    }
    onWire.sort((a, b) => a.end - b.end);
    const done = onWire.shift();
    if (done) clock = done.end;
    done?.place.leave();
  }
  return {
    pace,
    tick: (by: number) => {
      clock += by;
    },
  };
}

test('it grows to the most while throughput grows', async () => {
  const { pace } = await carry(64, 200, 300);

  expect(pace.limit).toBe(32);
});

test('it stays near what the wire holds: more would only queue', async () => {
  const { pace } = await carry(4, 20, 5_000);

  expect(pace.limit).toBeGreaterThanOrEqual(4);
  expect(pace.limit).toBeLessThanOrEqual(16);
});

test('a burst of too many requests halves it at once and no more than that; one after many slices takes nothing', async () => {
  const { pace, tick } = await carry(64, 200, 300);

  pace.slowDown();
  expect(pace.limit).toBe(32);
  for (let refused = 0; refused < 20; refused += 1) pace.slowDown();
  expect(pace.limit).toBe(16);
  tick(1_000);
  pace.slowDown();
  expect(pace.limit).toBe(14);
  for (let refused = 0; refused < 20; refused += 1) pace.slowDown();
  expect(pace.limit).toBe(8);
});

test('a COS that refuses everything is asked by one request at a time in the end', async () => {
  const { pace, tick } = await carry(64, 200, 300);

  for (let refused = 0; refused < 200; refused += 1) {
    pace.slowDown();
    tick(20);
  }

  expect(pace.limit).toBe(1);
});

test('whoever waits for a place is told when the time is up', async () => {
  const pace = openPace({ start: 1, least: 1, most: 1, now: () => 0 });
  const stop = new AbortController();
  await pace.enter(never);

  const waiting = pace.enter(stop.signal);
  stop.abort();

  expect(await waiting).toBeUndefined();
  expect(pace.inFlight).toBe(1);
});
