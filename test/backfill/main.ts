import { parseArgs } from 'node:util';
import { runBackfillTrial } from './trial.ts';

const USAGE = `Usage: npm run test:backfill -- [--objects N] [--seed N]

Kills a backfill twice in the middle, lets a third process end it, and compares all that is in COS and in the report.

  --objects N   how many, three of them large    (default 20000, which takes half an hour)
  --seed N      what their sizes are drawn from  (default 1)

Prints the verdict as JSON. Exit code: 0 all ended right; 1 something did not.
`;

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(USAGE);
else await main();

async function main(): Promise<void> {
  const verdict = await runBackfillTrial({
    objects: Number(values.objects),
    seed: Number(values.seed),
    kills: 2,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  process.exit(verdict.wrong.length === 0 ? 0 : 1);
}
