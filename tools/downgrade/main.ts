import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readWords, runToExit, say } from '../../local/command.ts';
import { countUnderWay, rewriteTable } from './rewrite-table.ts';

const USAGE = `Usage: npm run downgrade

Writes what the table remembers as version 0.1 reads it, before that version is deployed again. It changes nothing while
a transfer is under way. This version reads both forms, so it may be deployed again at any time.
docs/operations.md, "Back to 0.1.0", has the order of the steps. It wants TABLE_NAME and AWS credentials that may scan and
write that table.

  --help    this text

Exit codes: 0 done, 1 something is under way or the table could not be read or written, 2 bad arguments or configuration.
`;

async function main(): Promise<number> {
  const { values } = readWords({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const client = new DynamoDBClient({});
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const table = process.env.TABLE_NAME || 'cos-slice-relay';
  try {
    const underWay = await countUnderWay(documents, table, Date.now());
    if (underWay > 0) {
      say(
        `${underWay} under way, nothing was changed: wait until they end, or cancel them (DELETE /transfers/{id})`,
      );
      return 1;
    }
    say(`${await rewriteTable(documents, table)} transfers and targets are as version 0.1 reads them`);
    return 0;
  } finally {
    client.destroy();
  }
}

runToExit(main, 'works');
