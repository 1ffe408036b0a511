import { parseArgs } from 'node:util';
import { runOrderCampaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '500' },
    only: { type: 'string' },
    listings: { type: 'boolean', default: false },
    together: { type: 'string', default: '12' },
  },
});
const seed = Number(values.seed);
const cases =
  values.only === undefined
    ? Array.from({ length: Number(values.cases) }, (_, at) => at)
    : [Number(values.only)];
const began = performance.now();
const results = await runOrderCampaign({
  seed,
  cases,
  together: Number(values.together),
  listings: values.listings,
});
const bad = results.filter(({ violations }) => violations.length > 0);
for (const { index, violations, kinds } of bad) {
  for (const violation of violations) console.error(`case ${index} (${kinds}): ${violation}`);
  console.error(
    `  replay: npm run test:order -- --seed ${seed} --only ${index}${values.listings ? ' --listings' : ''}`,
  );
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`seed ${seed}: ${results.length} cases, ${bad.length} bad, ${seconds} s`);
process.exitCode = bad.length === 0 ? 0 : 1;
