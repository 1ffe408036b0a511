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

/** Runs a command to its exit code; what it throws is told in words. */
export function runToExit(main: () => Promise<number>): void {
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

/** Words for people go to stderr; stdout is for what a program reads. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Says what went wrong and the way out; the stack only for those who set DEBUG. */
export function fail(thrown: unknown): void {
  const error = asError(thrown);
  say(`error: ${error.message}`);
  if (error instanceof RelayError) say(`what to do: ${error.wayOut}`);
  if (process.env.DEBUG && error.stack) say(error.stack);
}

/** 2 for words and configuration that cannot work, 1 for everything else. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError || error instanceof BadConfig || error instanceof BadInput ? 2 : 1;
