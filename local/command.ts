import { type ParseArgsConfig, parseArgs } from 'node:util';
import { asError } from '../shared/errors.ts';
import { exitCodeOf, fail, UsageError } from './say.ts';

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
