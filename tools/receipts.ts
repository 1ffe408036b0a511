import { readWords, runToExit, say, UsageError } from '../local/command.ts';
import { readStage } from '../local/reach/stage.ts';
import { printable } from '../local/terminal/columns.ts';
import { fitTable } from '../local/terminal/fit-table.ts';
import { TRANSFER_STATES, type TransferState } from '../shared/records/transfer.ts';
import { namesRelay, reachRelay } from './reach-relay.ts';
import { COLUMNS, csvLine, PRIORITY, receiptRow } from './receipt-rows.ts';
import { readSince, transfersSince } from './since.ts';

/** Since when receipts are shown unless the caller says more. */
const RECENT = '7d';

const USAGE = `Usage: npm run receipts [-- --since WHEN] [--state STATE]... [--csv | --json] [--stage STAGE | --local]

Prints what became of objects, with the proof of those that are stored.

  --since WHEN  those that ended, or changed last, since then: 2026-11-01, 2026-11-01T12:00:00Z, 90m, 6h or 30d ago
                (default ${RECENT})
  --state STATE ${TRANSFER_STATES.join(', ')}; more than once for more (default stored)
  --csv         comma-separated, as RFC 4180 has it
  --json        one JSON object a line: the whole receipt, or the transfer where there is none
  --stage STAGE one that is deployed, in the account and region of your AWS credentials
  --local       the relay on this machine, where npm start and npm run dev keep it; npm run dev may be running
  --data DIR    its state (RELAY_DATA, default .relay)
  --help        this text

Without --stage and --local it reads what the environment of the functions names, and the relay on this machine where none of
it is set.

Exit codes: 0 printed, 1 the table could not be read, 2 bad arguments or configuration.
`;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (given.csv && given.json) throw new UsageError('either --csv or --json; see --help');
  const since = readSince(given.since ?? RECENT, Date.now());
  const states = (given.state ?? ['stored']).map(stateOf);
  const stage = given.stage === undefined ? undefined : await readStage(given.stage);
  const relay = await reachRelay(
    { local: given.local ?? (!stage && !namesRelay(process.env)), data: given.data, stage, tableOnly: true },
    process.env,
  );
  const format = given.json ? 'json' : given.csv ? 'csv' : 'table';
  try {
    let count = 0;
    const out = openOutput(format);
    for (const state of states) {
      for await (const transfer of transfersSince(relay.services.store, state, since)) {
        out.add(transfer);
        count += 1;
      }
    }
    out.end();
    const more = given.since === undefined ? '; --since 30d shows older ones' : '';
    say(`${count} ${count === 1 ? 'transfer' : 'transfers'} since ${new Date(since).toISOString()}${more}`);
    return 0;
  } finally {
    await relay.close();
  }
}

const TABLE = {
  names: COLUMNS,
  priority: PRIORITY,
  elastic: new Set(['source', 'target', 'reason', 'transfer']),
};

type Output = { add(transfer: Parameters<typeof receiptRow>[0]): void; end(): void };

function openOutput(format: 'table' | 'csv' | 'json'): Output {
  const write = (text: string): void => void process.stdout.write(text);
  switch (format) {
    case 'json':
      return {
        add: (transfer) =>
          write(`${JSON.stringify(transfer.state === 'stored' ? transfer.receipt : transfer)}\n`),
        end: () => undefined,
      };
    case 'csv':
      write(csvLine(COLUMNS));
      return {
        add: (transfer) => {
          const row = receiptRow(transfer);
          write(csvLine(COLUMNS.map((name) => row[name])));
        },
        end: () => undefined,
      };
    case 'table': {
      const rows: string[][] = [];
      return {
        add: (transfer) => {
          const row = receiptRow(transfer);
          rows.push(COLUMNS.map((name) => printable(row[name])));
        },
        end: () => {
          // a pipe or a file takes any width
          const { lines, leftOut } = fitTable(TABLE, rows, process.stdout.columns ?? Infinity);
          write(lines.map((line) => `${line}\n`).join(''));
          if (leftOut.length > 0) say(`no room for ${leftOut.join(', ')}: --csv and --json tell all`);
        },
      };
    }
  }
}

function stateOf(text: string): TransferState {
  const state = TRANSFER_STATES.find((known) => known === text);
  if (!state) throw new UsageError(`--state ${text} is none of ${TRANSFER_STATES.join(', ')}; see --help`);
  return state;
}

function readArguments(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      since: { type: 'string' },
      state: { type: 'string', multiple: true },
      csv: { type: 'boolean' },
      json: { type: 'boolean' },
      stage: { type: 'string' },
      local: { type: 'boolean' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

runToExit(main);
