import Table from 'cli-table3';
import { readWords, runToExit, UsageError } from '../../local/command.ts';
import { readStage } from '../../local/reach/stage.ts';
import { printable } from '../../local/terminal/columns.ts';
import { keysFrom } from '../../shared/wiring/cos-keys.ts';
import { reachRelay } from '../reach-relay.ts';
import { accountChecks } from './account-checks.ts';
import { openAccount } from './aws-account.ts';
import { type Checked, runChecks } from './finding.ts';
import { relayChecks } from './relay-checks.ts';

const USAGE = `Usage: npm run doctor -- --stage STAGE | --local

Says what is right with a relay and what is not, with the way out. Writes one small file to COS, below
cos-slice-relay-doctor/, reads it and removes it; changes nothing else.

  --stage STAGE a stage that is deployed, in the account and region of your AWS credentials
  --local       the relay on this machine, where npm start and npm run dev keep it (they must not be running)
  --data DIR    its state (RELAY_DATA, default .relay)
  --json        one JSON object a line instead of the table
  --help        this text

Exit codes: 0 nothing is wrong, 1 something is, 2 bad arguments or configuration.
`;

/** Longest wait for one check, in ms. */
const LIMIT_MS = 30_000;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if ((given.stage === undefined) === !given.local)
    throw new UsageError('say either --stage STAGE or --local; see --help');
  const stage = given.stage === undefined ? undefined : await readStage(given.stage);
  const relay = await reachRelay({ local: given.local ?? false, data: given.data, stage }, process.env);
  const { services } = relay;
  try {
    const checks = [
      ...relayChecks(services, () => keysFrom(services.config).get()),
      ...(stage ? accountChecks(services.config, openAccount(stage)) : []),
    ];
    return await print(runChecks(checks, LIMIT_MS), given.json ?? false);
  } finally {
    await relay.close();
  }
}

/** Resolves with the exit code. */
async function print(found: AsyncIterable<Checked>, asJson: boolean): Promise<number> {
  const table = new Table({ head: ['', 'check', 'found', 'what to do'], wordWrap: true, style: PLAIN });
  let isSound = true;
  for await (const one of found) {
    if (one.kind === 'wrong') isSound = false;
    if (asJson) process.stdout.write(`${JSON.stringify(one)}\n`);
    else table.push([MARK[one.kind], one.name, printable(one.what), one.kind === 'wrong' ? one.wayOut : '']);
  }
  if (!asJson) process.stdout.write(`${table.toString()}\n`);
  return isSound ? 0 : 1;
}

const PLAIN = { head: [], border: [] };
const MARK = { right: 'ok', wrong: 'WRONG', unknown: '?' } as const;

function readArguments(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      stage: { type: 'string' },
      local: { type: 'boolean' },
      data: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

runToExit(main);
