import { parseArgs } from 'node:util';
import { replayOf, runCampaign } from './campaign.ts';
import { planCase } from './plan.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '400' },
    only: { type: 'string' },
    together: { type: 'string', default: '4' },
  },
});
const seed = Number(values.seed);
const only = values.only;
const cases =
  only === undefined ? Array.from({ length: Number(values.cases) }, (_, at) => at) : [Number(only)];

if (only !== undefined) console.log(JSON.stringify(planCase(seed, Number(only)), null, 1));
const began = performance.now();
const results = await runCampaign({
  seed,
  cases,
  together: Number(values.together),
  ...(only !== undefined && { trace: console.log }),
  onResult({ index, end, violations }) {
    if (only !== undefined) console.log(`case ${index}: ${end}`);
    for (const violation of violations) {
      console.error(`seed ${seed} case ${index} (${end}): ${violation}\n  replay: ${replayOf(seed, index)}`);
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
