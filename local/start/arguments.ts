import { readWords, UsageError } from '../command.ts';

export const START_USAGE = `Usage: npm start [-- FILE] [-- --key KEY] [--json]

Relays a file from an S3 on this machine into COS by sliced upload, proves it and prints the receipt.
Without FILE it makes a sample of 64 MiB.

  FILE          the file to relay; it is read in place, not copied
  --key KEY     its key in the source bucket (default: the file's name)
  --json        print the receipt as one JSON object on stdout, and nothing else there
  --data DIR    where state is kept, for resuming (RELAY_DATA, default .relay)
  --help        this text

COS_ENDPOINT, COS_REGION, COS_APP_ID, COS_BUCKET, COS_SECRET_ID and COS_SECRET_KEY name another COS than the
embedded one; AWS_ENDPOINT_URL_S3 (with SOURCE_BUCKET) and AWS_ENDPOINT_URL_DYNAMODB another S3 and DynamoDB.
Stop it at any time: the same command again sends only what is missing.

Exit codes: 0 stored and proven, 1 not stored, 2 bad arguments or configuration, 130 stopped by Ctrl-C.
`;

export type StartArguments = {
  readonly help: boolean;
  readonly file: string | undefined;
  readonly key: string | undefined;
  readonly json: boolean;
  readonly data: string | undefined;
};

/** Throws UsageError. */
export function readStartArguments(args: readonly string[]): StartArguments {
  const { values, positionals } = parsed(args);
  if (positionals.length > 1)
    throw new UsageError(`one file at a time, not ${positionals.length}; see --help`);
  if (values.key === '') throw new UsageError('--key is empty; see --help');
  return {
    help: values.help ?? false,
    file: positionals[0],
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
