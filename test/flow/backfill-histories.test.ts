import { expect, test } from 'vitest';
import { sized } from '../kit/sized.ts';
import { runOrderCampaign } from '../order/campaign.ts';

/** `npm run test:order -- --listings` plays 500 and more. */
const CASES = sized(15, 60);
const SEED = 20_261_125;

test(`backfills in the middle of ${CASES} shuffled histories change nothing: COS ends with the newest version, and every transfer ends`, async () => {
  const cases = Array.from({ length: CASES }, (_, index) => index);

  const results = await runOrderCampaign({ seed: SEED, cases, together: 12, listings: true });

  const bad = results.filter(({ violations }) => violations.length > 0);
  const replay = bad.map(({ index, violations }) => [
    `npm run test:order -- --seed ${SEED} --only ${index} --listings`,
    ...violations,
  ]);
  expect(replay).toEqual([]);
  expect(results).toHaveLength(CASES);
}, 600_000);
