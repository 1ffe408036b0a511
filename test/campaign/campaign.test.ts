import { expect, test } from 'vitest';
import { sized } from '../kit/sized.ts';
import { replayOf, runCampaign } from './campaign.ts';

const SEED = Number(process.env.CAMPAIGN_SEED ?? 1);
/** A sample: `npm run test:faults` plays 400 and more, each replayable by its seed. */
const CASES = sized(30, 50);

test(`${CASES} transfers with faults, kills and repeated events end stored byte for byte or fail honestly`, {
  timeout: 600_000,
}, async () => {
  const cases = Array.from({ length: CASES }, (_, index) => index);

  const results = await runCampaign({ seed: SEED, cases, together: 6 });

  const bad = results.flatMap(({ index, end, violations }) =>
    violations.map((violation) => `${end}: ${violation} (${replayOf(SEED, index)})`),
  );
  expect(bad).toEqual([]);
  expect(results).toHaveLength(CASES);
  const stored = results.filter(({ end }) => end.includes('stored'));
  expect(stored.length).toBeGreaterThan(CASES * 0.75); // else the campaign would prove little
});
