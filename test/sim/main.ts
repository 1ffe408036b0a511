import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { playDrawn, runCampaign } from './campaign.ts';
import { neverFired, table } from './coverage.ts';
import { shrink, story } from './shrink.ts';

const USAGE = `Usage: npm run test:sim -- [--seed N] [--runs N] [--only RUN [--keep FILE]] [--trace]

Plays whole transfers in virtual time, under a scheduler that draws every order and every trouble from the seed, and
checks the invariants after each effect. The same seed gives the same trace, byte for byte.

  --seed N     what is drawn                       (default 1)
  --runs N     how many                            (default 2000)
  --only RUN   this one alone
  --keep FILE  write the shrunk schedule of a run that breaks something, for test/sim/found
  --trace      every effect, one line each

Exit code: 0 all is well; 1 an invariant broke, or something planned never happened (from 2,000 runs on).
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '2000' },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
/** Of more failures than this only the number is told. */
const TOLD = 5;

if (values.help) process.stdout.write(USAGE);
else process.exitCode = values.only === undefined ? await campaign() : await one(Number(values.only));

async function campaign(): Promise<number> {
  const [seed, runs] = [Number(values.seed), Number(values.runs)];
  const began = performance.now();
  const each = Array.from({ length: runs }, (_, run) => run);
  const result = await runCampaign(seed, each, {
    traced: true,
    onRun({ outcome }, run) {
      if (values.trace) process.stdout.write(`run ${run}\n${outcome.trace().join('\n')}\n`);
      if (process.stderr.isTTY && run % 100 === 99) process.stderr.write(`\r${run + 1} runs`);
    },
  });
  for (const bad of result.bad.slice(0, TOLD)) {
    const shrunk = await shrink(bad);
    process.stderr.write(
      `\n${story(shrunk).join('\n')}\nreplay: npm run test:sim -- --seed ${seed} --only ${bad.run}\n`,
    );
  }
  const missing = runs >= 2_000 ? neverFired(result.coverage) : [];
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stdout.write(`${table(result.coverage)}\n`);
  const kinds = Map.groupBy(result.bad, ({ outcome }) => outcome.violation?.invariant);
  for (const [invariant, bads] of kinds)
    process.stdout.write(
      `broken ${bads.length} times: ${invariant} (runs ${bads.slice(0, 12).map(({ run }) => run)})\n`,
    );
  for (const what of missing) process.stderr.write(`never happened: ${what}\n`);
  process.stdout.write(
    `seed ${seed}: ${result.runs} runs, ${result.operations} operations, ${result.bad.length} bad, ${seconds} s, trace ${result.hash.slice(0, 16)}\n`,
  );
  return result.bad.length + missing.length === 0 ? 0 : 1;
}

async function one(run: number): Promise<number> {
  const seed = Number(values.seed);
  const played = await playDrawn(seed, run);
  if (values.trace)
    process.stdout.write(`${JSON.stringify(played.plan)}\n${played.outcome.trace().join('\n')}\n`);
  const { violation, end } = played.outcome;
  if (violation) {
    const shrunk = await shrink(played);
    process.stdout.write(`${story(shrunk).join('\n')}\n`);
    const kept = { plan: shrunk.plan, troubles: [...shrunk.troubles] };
    if (values.keep !== undefined) writeFileSync(values.keep, `${JSON.stringify(kept, null, 2)}\n`);
  }
  process.stdout.write(`seed ${seed} run ${run}: ${violation?.text ?? end}\n`);
  return violation ? 1 : 0;
}
