import { readWords, runToExit, say, UsageError } from '../../local/command.ts';
import { readDeclared, readPackaged } from './declared.ts';
import { layOut } from './lay-out.ts';
import { rightsOf } from './rights.ts';

const USAGE = `Usage: npm run roles [-- TEMPLATE] [-- --json]

Prints who may do what on which resource: one row for each function, role or service of AWS, and each service they use.
Without TEMPLATE it reads serverless.yml and infra/*.yml as they are written: <name> is the value of a parameter, and
"if HasTableKey" a row that stands only with one. … is the name of the stack. No account is asked.

  TEMPLATE      what npx serverless package made instead, with its parameters in place:
                .serverless/cloudformation-template-update-stack.json
  --json        one JSON object a line, with the whole ARN of each resource
  --help        this text

Where the stack makes a bucket of its own, that bucket is meant by <sourceBucket> and <receiptsBucket>.

Exit codes: 0 printed, 1 something is written in a way that is not understood, 2 bad arguments.
`;

/** Of a pipe or a file. */
const COLUMNS = 80;

async function main(): Promise<number> {
  const { values, positionals } = readWords({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [template, ...more] = positionals;
  if (more.length > 0) throw new UsageError('one template at a time; see --help');
  const declared = await (template === undefined ? readDeclared() : readPackaged(template));
  const rights = rightsOf(declared);
  const lines = values.json
    ? rights.map((right) => JSON.stringify(right))
    : layOut(rights, Math.max(COLUMNS, process.stdout.columns ?? 0));
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  say(`${rights.length} rights of ${new Set(rights.map(({ who }) => who)).size}`);
  return 0;
}

runToExit(main);
