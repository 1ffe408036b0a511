import type { MiddlewareObj } from '@middy/core';
import { asError, RelayError } from '../errors.ts';
import { told } from '../told-error.ts';

/**
 * Lambda tells Step Functions an error's name and message and nothing else, so the rest of what we know goes into the
 * message as JSON, for RecordFailure. Trouble of an AWS service that may pass gets one name of ours.
 */
export const withNamedErrors = (): MiddlewareObj<unknown, unknown, Error> => ({
  onError: (request) => {
    if (request.error === null) return;
    const error = asError(request.error);
    const { error: name, ...facts } = told(error);
    const packed = new Error(JSON.stringify(facts)); // without its cause: Lambda would write that into the log
    packed.name = !(error instanceof RelayError) && mayPass(error) ? 'StateUnavailable' : name;
    packed.stack = `${packed.name}\n${placesOf(error)}`;
    throw packed;
  },
});

/** The lines of an error's stack that name places in the code, without its message. */
export const placesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

/** What AWS services, and the sockets to them, call trouble that passes. */
const PASSING_NAMES: ReadonlySet<string> = new Set([
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'ServiceUnavailableException',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);
const PASSING_CODES: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What a signal of `AbortSignal.timeout` gives as its reason. */
export const isTimeout = ({ name }: Error): boolean => name === 'TimeoutError';

/** The AWS SDK marks what it would retry, and has retried; the rest has a name or a code in the table above. */
export function mayPass(error: Error): boolean {
  if ('$retryable' in error && error.$retryable !== undefined) return true;
  if ('$fault' in error && error.$fault === 'server') return true;
  return PASSING_NAMES.has(error.name) || ('code' in error && PASSING_CODES.has(error.code));
}
