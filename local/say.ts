import { asError, BadConfig, BadInput, RelayError } from '../shared/errors.ts';

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
