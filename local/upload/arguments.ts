import { readWords, UsageError } from '../command.ts';

export const UPLOAD_USAGE = `Usage: npm run upload -- FILE... [--stage S | --api URL] [--target PATH] [--json]
       COMMAND | npm run upload -- - --size BYTES --target PATH [--key TEXT]

Uploads files into COS through the relay's HTTP API, several slices at a time. It needs no Tencent credentials.
Without --stage and --api it uses the relay that npm run dev keeps up on this machine.

  FILE             a file, a folder with all that is in it, or - for standard input
  --stage S        a stage that was deployed: its API is read from the stack's outputs
  --api URL        the address of an API instead (RELAY_API)
  --region R       of the stack or the API (default: that of --api's address, AWS_REGION, us-east-1)
  --token T        a bearer token (RELAY_TOKEN); without one calls are signed with your AWS credentials
  --target PATH    the path in the target bucket, for one FILE (default: its name; below a folder: its path from there)
  --size BYTES     how much comes on standard input
  --key TEXT       your name for exactly these bytes of standard input: the same name again goes on where it broke off
  --at-once N      slices in flight, 1 to 16 (default 4)
  --data DIR       where the relay on this machine keeps its state (RELAY_DATA, default .relay)
  --json           print each receipt as one line of JSON on stdout, and nothing else there
  --help           this text

Stop it at any time: the same command again sends only what is missing.

Exit codes: 0 all stored and proven, 1 something is not, 2 bad arguments, 130 stopped by Ctrl-C.
`;

export type UploadArguments = {
  readonly files: readonly string[];
  readonly target: string | undefined;
  readonly size: number | undefined;
  readonly key: string | undefined;
  readonly atOnce: number;
  readonly json: boolean;
  readonly where: {
    readonly stage?: string | undefined;
    readonly api?: string | undefined;
    readonly region?: string | undefined;
    readonly token?: string | undefined;
    readonly data?: string | undefined;
  };
};

/** Throws UsageError. */
export function readUploadArguments(args: readonly string[]): UploadArguments | 'help' {
  const { values, positionals: files } = parsed(args);
  if (values.help) return 'help';
  const {
    target,
    key,
    json = false,
    size,
    'at-once': atOnce = '4',
    stage,
    api,
    region,
    token,
    data,
  } = values;
  if (files.length === 0) throw new UsageError('name a file; see --help');
  if (target === '') throw new UsageError('--target is empty; see --help');
  if (target !== undefined && files.length > 1)
    throw new UsageError(`--target names one path, and ${files.length} are given; see --help`);
  mustFitStdin(files, { target, key, size });
  return {
    files,
    target,
    key,
    json,
    size: size === undefined ? undefined : wholeNumber('--size', size, [1, Number.MAX_SAFE_INTEGER]),
    atOnce: wholeNumber('--at-once', atOnce, [1, 16]),
    where: { stage, api, region, token, data },
  };
}

type StdinWords = Readonly<Record<'target' | 'key' | 'size', string | undefined>>;

function mustFitStdin(files: readonly string[], { target, key, size }: StdinWords): void {
  if (!files.includes('-')) {
    if (size === undefined && key === undefined) return;
    throw new UsageError('--size and --key are for standard input (-); see --help');
  }
  if (files.length > 1) throw new UsageError('standard input (-) goes alone; see --help');
  if (target === undefined) throw new UsageError('standard input has no name: say --target PATH; see --help');
  if (size === undefined)
    throw new UsageError('say how much comes on standard input: --size BYTES; see --help');
  if (key === '') throw new UsageError('--key is empty; see --help');
}

function wholeNumber(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${name} ${text} is not a whole number from ${least} to ${most}; see --help`);
}

function parsed(args: readonly string[]) {
  return readWords({
    args: [...args],
    allowPositionals: true,
    options: {
      stage: { type: 'string' },
      api: { type: 'string' },
      region: { type: 'string' },
      token: { type: 'string' },
      target: { type: 'string' },
      size: { type: 'string' },
      key: { type: 'string' },
      'at-once': { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
