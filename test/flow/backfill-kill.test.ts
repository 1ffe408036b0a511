import { expect, test } from 'vitest';
import { runBackfillTrial } from '../backfill/trial.ts';

/** Longer than a target is held for a request whose sender died, in ms. */
const AHEAD = 130_000;

test('a backfill killed in the middle and begun again ends as it must, and sends nothing again that was stored', async () => {
  const verdict = await runBackfillTrial({ objects: 120, seed: 3, kills: 1, ahead: AHEAD });

  expect(verdict.wrong).toEqual([]);
});
