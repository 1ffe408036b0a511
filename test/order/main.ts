import { parseArgs } from 'node:util';
import { runOrderCampaign } from './campaign.ts';

const USAGE = `Usage: npm run test:order -- [--seed N] [--cases N] [--only CASE] [--listings] [--together N]

Shuffles the events of overwrites and deletions of one key over real sockets, and checks that the newest version won.

  --seed N       what is drawn; the same seed draws the same cases  (default 1)
  --cases N      how many                                           (default 500)
  --only CASE    this one alone
  --listings     listings of a backfill come in between
  --together N   so many at once                                    (default 12)

Exit code: 0 all ended right; 1 one did not, with the command that plays it again.
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '500' },
    only: { type: 'string' },
    listings: { type: 'boolean', default: false },
    together: { type: 'string', default: '12' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(USAGE);
else await main();

async function main(): Promise<void> {
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
}
