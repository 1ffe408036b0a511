import { expect, test } from 'vitest';
import { mayPass } from '../../shared/lambda/named-errors.ts';

const error = (more: object, message = 'm') => Object.assign(new Error(message), more);

test.each([
  ['the table is asked too often', { name: 'ProvisionedThroughputExceededException' }],
  ['the SDK would try again', { name: 'Odd', $retryable: {} }],
  ['the service says that it is its own fault', { name: 'Odd', $fault: 'server' }],
  ['a socket was cut off', { code: 'ECONNRESET' }],
])('%s: it may pass', (_, more) => {
  expect(mayPass(error(more))).toBe(true);
});

test('what a message says decides nothing', () => {
  expect(mayPass(error({ name: 'ValidationException' }, 'Throttling: Timeout, ECONNRESET'))).toBe(false);
});
