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
    packed.stack = [
      packed.name,
      ...(error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)),
    ].join('\n');
    throw packed;
  },
});

/** The AWS SDK marks what it would retry, and has retried. */
export function mayPass(error: Error): boolean {
  if ('$retryable' in error && error.$retryable !== undefined) return true;
  const fault = '$fault' in error ? error.$fault : undefined;
  return (
    fault === 'server' ||
    /Throttl|ProvisionedThroughput|RequestLimit|Timeout|ECONN/.test(`${error.name} ${error.message}`)
  );
}
