import { type ParseArgsConfig, parseArgs } from 'node:util';
import { asError, BadConfig, BadInput, RelayError } from '../shared/errors.ts';

/** The words of a command line. Throws UsageError for those the command does not know. */
export function readWords<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(`${asError(error).message.split('. ')[0]}; see --help`);
  }
}

/**
 * Runs a command to its exit code; what it throws is told in words. Whoever reads what it prints may hang up: a command that
 * only shows something is over then, one that `works` goes on, so that its exit code stays true.
 */
export function runToExit(main: () => Promise<number>, kind: 'shows' | 'works' = 'shows'): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (kind === 'shows') process.exit(0);
    });
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      fail(error);
      process.exit(exitCodeOf(error));
    },
  );
}

/** The command was called in a way that cannot work. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Throws UsageError for what is no port number. */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port ${text} is not a port number; see --help`);
}

/** Words for people go to stderr; stdout is for what a program reads. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Says what went wrong and the way out; the stack only for those who set DEBUG. */
export function fail(thrown: unknown): void {
  for (const line of failureLines(thrown)) say(line);
  const { stack } = asError(thrown);
  if (process.env.DEBUG && stack) say(stack);
}

/** What went wrong, and the way out where one is known. */
function failureLines(thrown: unknown): string[] {
  const error = asError(thrown);
  const wayOut = error instanceof RelayError ? error.wayOut : WAYS_OUT.get(codeOf(error));
  return [`error: ${error.message}`, ...(wayOut === undefined ? [] : [`what to do: ${wayOut}`])];
}

/** What a machine says no with before the relay begins. */
const WAYS_OUT: ReadonlyMap<string | undefined, string> = new Map([
  [
    'EADDRINUSE',
    'something listens on that port already: stop it, or choose another port (--port 0 takes any free one)',
  ],
  ['EACCES', 'check the permissions of that place, or choose another one (--data DIR)'],
  ['ENOTDIR', 'a file is in the way where a folder is wanted: choose another one (--data DIR)'],
  ['EEXIST', 'a file is in the way where a folder is wanted: choose another one (--data DIR)'],
  ['ENOSPC', 'the disk is full: make room, then run the same command again'],
]);

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A place that was named and cannot be used. */
const BAD_PLACES = new Set(['EACCES', 'ENOTDIR', 'EEXIST']);

/** 2 for words and configuration that cannot work, 1 for everything else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof BadConfig || error instanceof BadInput) return 2;
  return BAD_PLACES.has(codeOf(asError(error)) ?? '') ? 2 : 1;
}
