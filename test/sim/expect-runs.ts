import { expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';
import { neverFired } from './coverage.ts';
import { shrink, story } from './shrink.ts';

/** A campaign as a test: every failure is told as the shortest story that still fails. */
export function expectRuns(seed: number, from: number, to: number): void {
  test(`runs ${from} to ${to} of seed ${seed}: no order of events and no trouble breaks an invariant`, {
    timeout: 600_000,
  }, async () => {
    const runs = Array.from({ length: to - from }, (_, index) => from + index);

    const result = await runCampaign(seed, runs);

    const [first] = result.bad;
    const replay = `npm run test:sim -- --seed ${seed} --only ${first?.run}`;
    expect(first && [replay, ...story(await shrink(first))].join('\n')).toBeUndefined();
    expect(result.runs).toBe(to - from);
    const isLarge = result.runs >= 2_000; // fewer need not meet everything
    expect(isLarge ? neverFired(result.coverage) : []).toEqual([]); // else the campaign proves less than it says
  });
}
