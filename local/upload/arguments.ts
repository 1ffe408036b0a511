import { readWords, UsageError } from '../command.ts';

export const UPLOAD_USAGE = `Usage: npm run upload -- FILE [--api URL] [--token T] [--target PATH] [--json]

Uploads a file into COS through the relay's HTTP API, several slices at a time. It needs no Tencent credentials.

  FILE             the file to upload
  --api URL        the API (RELAY_API, default http://127.0.0.1:8080, where npm run dev serves it)
  --token T        its bearer token (RELAY_TOKEN); npm run dev prints it
  --target PATH    the file's path in the target bucket (default: the file's name)
  --at-once N      slices in flight, 1 to 16 (default 4)
  --json           print the receipt as one JSON object on stdout, and nothing else there
  --help           this text

Stop it at any time: the same command again sends only what is missing.

Exit codes: 0 stored and proven, 1 not stored, 2 bad arguments, 130 stopped by Ctrl-C.
`;

export type UploadArguments = {
  readonly file: string;
  readonly api: URL;
  readonly token: string | undefined;
  readonly target: string | undefined;
  readonly atOnce: number;
  readonly json: boolean;
};

/** Throws UsageError. */
export function readUploadArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): UploadArguments | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help) return 'help';
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError('name one file; see --help');
  if (values.target === '') throw new UsageError('--target is empty; see --help');
  const atOnce = Number(values['at-once'] ?? 4);
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 16) {
    throw new UsageError('--at-once is not a number from 1 to 16; see --help');
  }
  return {
    file,
    api: address(values.api ?? (env.RELAY_API || 'http://127.0.0.1:8080')),
    token: values.token ?? (env.RELAY_TOKEN || undefined),
    target: values.target,
    atOnce,
    json: values.json ?? false,
  };
}

function address(text: string): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--api ${text} is not an http or https address; see --help`);
}

function parsed(args: readonly string[]) {
  return readWords({
    args: [...args],
    allowPositionals: true,
    options: {
      api: { type: 'string' },
      token: { type: 'string' },
      target: { type: 'string' },
      'at-once': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
