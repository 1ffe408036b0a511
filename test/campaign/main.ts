import { parseArgs } from 'node:util';
import { replayOf, runCampaign } from './campaign.ts';
import { planCase } from './plan.ts';

const USAGE = `Usage: npm run test:faults -- [--seed N] [--cases N] [--only CASE [--times N]] [--together N]

Plays whole transfers with drawn sizes, faults, kills and repeated events, and checks how each one ends.

  --seed N       what is drawn; the same seed draws the same cases    (default 1)
  --cases N      how many                                             (default 400)
  --only CASE    this one alone, with all it does
  --times N      so often: what depends on timing does not show each time
  --together N   so many at once                                      (default 4)
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '400' },
    only: { type: 'string' },
    times: { type: 'string', default: '1' },
    together: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(USAGE);
else await main();

async function main(): Promise<void> {
  const seed = Number(values.seed);
  const only = values.only === undefined ? undefined : Number(values.only);
  const cases =
    only === undefined
      ? Array.from({ length: Number(values.cases) }, (_, at) => at)
      : Array.from({ length: Number(values.times) }, () => only);
  const lines: string[] = [];
  if (only !== undefined) console.log(JSON.stringify(planCase(seed, only), null, 1));

  const began = performance.now();
  const results = await runCampaign({
    seed,
    cases,
    together: only === undefined ? Number(values.together) : 1,
    ...(only !== undefined && { trace: (line: string) => lines.push(line) }),
    onResult({ index, end, violations }) {
      if (violations.length > 0 || cases.length === 1) for (const line of lines) console.log(line);
      lines.length = 0;
      for (const violation of violations) {
        console.error(
          `seed ${seed} case ${index} (${end}): ${violation}\n  replay: ${replayOf(seed, index)}`,
        );
      }
    },
  });

  const ends = Map.groupBy(results, ({ end }) => end);
  for (const [end, those] of [...ends].sort(([, a], [, b]) => b.length - a.length)) {
    console.log(`${String(those.length).padStart(5)}  ${end}`);
  }
  const bad = results.filter(({ violations }) => violations.length > 0).length;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`seed ${seed}: ${results.length} cases, ${bad} bad, ${seconds} s`);
  process.exitCode = bad === 0 ? 0 : 1;
}
