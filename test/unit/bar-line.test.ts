import { expect, test } from 'vitest';
import { barLine } from '../../local/start/progress.ts';

const FIGURES = { done: '10239.5', all: '10240.0', rate: '119.3', left: '12 min 10 s', inFlight: 32 };

test('the progress bar fits every terminal from 40 to 200 columns, and always says how far it is', () => {
  for (let columns = 40; columns <= 200; columns += 1) {
    for (const share of [0, 0.014, 0.5, 1]) {
      const line = barLine(share, FIGURES, columns);
      expect([columns, line.length < columns, line.includes(`${Math.floor(share * 100)}%`)]).toEqual([
        columns,
        true,
        true,
      ]);
    }
  }
});

test('a wide terminal tells everything, a narrow one what matters most', () => {
  expect(barLine(0.5, FIGURES, 120)).toMatch(
    /^█+░+ +50% \| 10239\.5\/10240\.0 MiB \| 119\.3 MiB\/s \| 12 min 10 s left \| 32 slices in flight$/,
  );
  expect(barLine(0.5, FIGURES, 45)).toMatch(/^█+░+ +50% \| 10239\.5\/10240\.0 MiB$/);
});
