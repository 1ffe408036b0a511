import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readWords, runToExit, say } from '../local/command.ts';
import { listOldItems } from '../shared/records/list-old-items.ts';

const USAGE = `Usage: npm run reindex

Puts the transfers that an older version wrote into the index that lists read now. Once, after an upgrade; again does no
harm. docs/deploy.md, "From an older version", has the order of the steps. It wants TABLE_NAME and AWS credentials that may
scan and update that table.

  --help    this text

Exit codes: 0 done, 1 the table could not be read or written, 2 bad arguments or configuration.
`;

async function main(): Promise<number> {
  const { values } = readWords({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const client = new DynamoDBClient({});
  try {
    const listed = await listOldItems(
      DynamoDBDocumentClient.from(client),
      process.env.TABLE_NAME || 'cos-slice-relay',
    );
    say(`${listed} ${listed === 1 ? 'transfer is' : 'transfers are'} listed now`);
    return 0;
  } finally {
    client.destroy();
  }
}

runToExit(main, 'works');
