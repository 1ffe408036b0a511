import { expect, test } from 'vitest';
import { sized } from '../kit/sized.ts';
import { runOrderCampaign } from '../order/campaign.ts';

/** `npm run test:order` plays 500 and more. */
const CASES = sized(25, 150);
const SEED = 20_261_121;

test(`whatever the order of ${CASES} shuffled histories, COS ends with the newest version`, async () => {
  const cases = Array.from({ length: CASES }, (_, index) => index);

  const results = await runOrderCampaign({ seed: SEED, cases, together: 12 });

  const bad = results.filter(({ violations }) => violations.length > 0);
  const replay = bad.map(({ index, violations }) => [
    `npm run test:order -- --seed ${SEED} --only ${index}`,
    ...violations,
  ]);
  expect(replay).toEqual([]);
  expect(results).toHaveLength(CASES);
}, 600_000);
