import { parseArgs } from 'node:util';
import { runBackfillTrial } from './trial.ts';

/** `npm run test:backfill -- --objects 20000`: kills a backfill twice in the middle and judges what is left. */
const { values } = parseArgs({
  options: { objects: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const verdict = await runBackfillTrial({
  objects: Number(values.objects),
  seed: Number(values.seed),
  kills: 2,
});
process.stdout.write(`${JSON.stringify(verdict)}\n`);
process.exit(verdict.wrong.length === 0 ? 0 : 1);
