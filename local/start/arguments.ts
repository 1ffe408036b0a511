import { readWords, UsageError } from '../command.ts';

export const START_USAGE = `Usage: npm start [-- FILE...] [-- --key KEY] [--json]

Relays files from an S3 on this machine into COS by sliced upload, proves each and prints its receipt.
Without FILE it makes a sample of 64 MiB.

  FILE          a file, a folder with all that is in it, or - for standard input; files are read in place
  --key KEY     the key in the source bucket, for one FILE (default: its name; below a folder: its path from there)
  --json        print each receipt as one line of JSON on stdout, and nothing else there
  --data DIR    where state is kept, for resuming (RELAY_DATA, default .relay); standard input is kept there whole
  --help        this text

COS_ENDPOINT, COS_REGION, COS_APP_ID, COS_BUCKET, COS_SECRET_ID and COS_SECRET_KEY name another COS than the
embedded one; AWS_ENDPOINT_URL_S3 (with SOURCE_BUCKET) and AWS_ENDPOINT_URL_DYNAMODB another S3 and DynamoDB.
Stop it at any time: the same command again sends only what is missing.

Exit codes: 0 all stored and proven, 1 something is not, 2 bad arguments or configuration, 130 stopped by Ctrl-C.
`;

export type StartArguments = {
  readonly help: boolean;
  readonly files: readonly string[];
  readonly key: string | undefined;
  readonly json: boolean;
  readonly data: string | undefined;
};

/** Throws UsageError. */
export function readStartArguments(args: readonly string[]): StartArguments {
  const { values, positionals } = parsed(args);
  if (values.key === '') throw new UsageError('--key is empty; see --help');
  if (values.key !== undefined && positionals.length > 1)
    throw new UsageError(`--key names one object, and ${positionals.length} are given; see --help`);
  if (positionals.includes('-') && values.key === undefined)
    throw new UsageError('standard input has no name: give it one with --key; see --help');
  return {
    help: values.help ?? false,
    files: positionals,
    key: values.key,
    json: values.json ?? false,
    data: values.data,
  };
}

function parsed(args: readonly string[]) {
  return readWords({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      json: { type: 'boolean' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
