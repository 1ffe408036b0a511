import { asError } from '../shared/errors.ts';
import type { Figure, How, Measured, Note, Point } from './figures.ts';

/** One point after the other. One that fails is told in its place, and the others are measured all the same. */
export async function measureAll(
  points: readonly (readonly [name: string, point: Point])[],
  { quick, say }: How,
): Promise<{ readonly measured: Measured; readonly failed: number }> {
  const measured: (Figure | Note)[] = [];
  const start = performance.now();
  let failed = 0;
  for (const [index, [name, point]] of points.entries()) {
    say(`${index + 1} of ${points.length}: ${name}`);
    const began = performance.now();
    try {
      measured.push(...(await point({ quick, say: (line) => say(`  ${line}`) })));
    } catch (error) {
      failed += 1;
      const { message, stack = message } = asError(error);
      say(`  failed: ${stack}`);
      measured.push({ point: name, note: `failed: ${message.split('\n', 1)[0]}` });
    }
    say(`  ${secondsSince(began)} s`);
  }
  say(`took ${secondsSince(start)} s`);
  return { measured, failed };
}

const secondsSince = (start: number): string => ((performance.now() - start) / 1_000).toFixed(0);
