import { parseArgs } from 'node:util';
import { SABOTAGES } from './sabotages.ts';
import { openScratch, type Verdict } from './scratch.ts';

const USAGE = `Usage: npm run test:sabotage -- [--only TEXT] [--from N] [--to N] [--list]

Breaks one promise after another, each by one line, in a copy of the project, and runs the test that must go red of it.

  --only TEXT  those whose name has this in it
  --from N     the N-th and those after it (the first is 1)
  --to N       up to the N-th
  --list       says which there are

Exit code: 0 all were caught; 1 a sabotage survived, could not be done, or its test is red without it.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: String(SABOTAGES.length) },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const chosen = SABOTAGES.slice(Number(values.from) - 1, Number(values.to)).filter(({ name }) =>
  name.includes(values.only),
);

if (values.help) process.stdout.write(USAGE);
else if (values.list) for (const { name, file } of chosen) process.stdout.write(`${name} (${file})\n`);
else process.exitCode = await all();

async function all(): Promise<number> {
  const scratch = openScratch();
  const stop = () => scratch.remove();
  process.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const verdicts: Verdict['kind'][] = [];
  for (const [index, sabotage] of chosen.entries()) {
    process.stderr.write(`${index + 1} of ${chosen.length}: ${sabotage.name}\n`);
    const { kind, seconds, why } = await scratch.attempt(sabotage);
    verdicts.push(kind);
    const cells = [kind.padEnd(8), `${seconds.toFixed(1)} s`.padStart(7), sabotage.name, sabotage.test];
    process.stdout.write(`${cells.join('  ')}${why === undefined ? '' : `  (${why})`}\n`);
  }
  const caught = verdicts.filter((kind) => kind === 'caught').length;
  process.stdout.write(`${caught} of ${chosen.length} sabotages were caught\n`);
  return caught === chosen.length && caught > 0 ? 0 : 1;
}
