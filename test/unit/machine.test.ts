import { existsSync } from 'node:fs';
import { join } from 'node:path';
import validate from 'asl-validator';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { expect, test } from 'vitest';
import { functionOf, readDefinition, taskStates } from '../../local/stack/machine.ts';
import * as errors from '../../shared/errors.ts';

const ROOT = join(import.meta.dirname, '../..');
const definition = await readDefinition();

/** Names that Step Functions and Lambda give, not we. */
const NOT_OURS = /^(States\.(ALL|Timeout)|Lambda\.\w+|Sandbox\.Timedout|Runtime\.\w+)$/;
/** `withNamedErrors` gives it to trouble of an AWS service that may pass. */
const GIVEN_BY_LAMBDA_ROOM = ['StateUnavailable'];
/** The context object that RecordFailure is there for: it must not fail by its own retries. */
const RECORDS = 'RecordFailure';

type Rule = { readonly ErrorEquals: readonly string[] };
type Retrier = Rule & {
  readonly IntervalSeconds: number;
  readonly MaxDelaySeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
};
type State = { readonly Type: string; readonly Retry?: readonly Rule[]; readonly Catch?: readonly Rule[] };

const states = (from: Pick<StateMachineDefinition, 'States'>): [string, State][] =>
  Object.entries(from.States).flatMap(([name, state]) => [
    [name, state as State], // the interpreter's type names no two kinds of state alike
    ...(state.Type === 'Map' && state.ItemProcessor ? states(state.ItemProcessor) : []),
  ]);
const namesIn = (rules: readonly Rule[] = []): string[] => rules.flatMap(({ ErrorEquals }) => ErrorEquals);

const classes = Object.values(errors).flatMap((exported) =>
  typeof exported === 'function' && exported.prototype instanceof Error && exported.name !== 'RelayError'
    ? [
        new (exported as new (message: string, options: { wayOut: string }) => errors.RelayError)('', {
          wayOut: '',
        }),
      ]
    : [],
);

test('the state machine is valid Amazon States Language', () => {
  const { isValid, errorsText } = validate(definition);

  expect(errorsText()).toBe('');
  expect(isValid).toBe(true);
});

test('every task state has the function of its name', () => {
  const without = taskStates(definition).filter(
    (state) => !existsSync(join(ROOT, 'functions', `${functionOf(state)}.ts`)),
  );

  expect(taskStates(definition)).toHaveLength(6);
  expect(without).toEqual([]);
});

test('every error name of a Retry or Catch is a class of ours or a known name', () => {
  const known = new Set([...classes.map(({ name }) => name), ...GIVEN_BY_LAMBDA_ROOM]);

  const unknown = states(definition)
    .flatMap(([, state]) => [...namesIn(state.Retry), ...namesIn(state.Catch)])
    .filter((name) => !known.has(name) && !NOT_OURS.test(name));

  expect(unknown).toEqual([]);
});

test('every error that passes is retried, and only such', () => {
  // what holds a transfer back does so before its execution begins
  const passing = classes
    .filter(({ name, remedy }) => remedy === 'retry' && name !== 'BudgetUsedUp')
    .map(({ name }) => name);
  const ours = new Set(classes.map(({ name }) => name));
  const steps = states(definition).filter(([name, { Type }]) => Type === 'Task' && name !== RECORDS);

  for (const [name, { Retry }] of steps) {
    const retried = namesIn(Retry).filter((error) => ours.has(error));
    // a worker does not claim the target
    const expected = name === 'UploadSlices' ? passing.filter((error) => error !== 'TargetBusy') : passing;
    expect([name, retried.sort()]).toEqual([name, expected.sort()]);
  }
});

test('what passes by itself is waited for three hours and longer, throttled calls under a count of their own', () => {
  const steps = states(definition).filter(([, { Type }]) => Type === 'Task');

  for (const [name, { Retry = [] }] of steps) {
    const patience = (error: string): number => {
      const retrier = (Retry as readonly Retrier[]).find(({ ErrorEquals }) => ErrorEquals.includes(error));
      return retrier ? meanWaitSeconds(retrier) : 0;
    };
    for (const error of PASSING)
      expect([name, error, patience(error) >= 3 * 3_600]).toEqual([name, error, true]);
    expect(Retry.filter(({ ErrorEquals }) => ErrorEquals.includes(THROTTLED))).toMatchObject([
      { ErrorEquals: [THROTTLED] },
    ]);
  }
});
const THROTTLED = 'Lambda.TooManyRequestsException';
const PASSING = [
  THROTTLED,
  'Lambda.ServiceException',
  'Lambda.ClientExecutionTimeoutException',
  'CosUnavailable',
  'StateUnavailable',
];

/** Full jitter waits half of what the backoff says, on average. */
const meanWaitSeconds = ({ IntervalSeconds, MaxDelaySeconds, MaxAttempts, BackoffRate }: Retrier): number =>
  Array.from({ length: MaxAttempts }, (_, retry) =>
    Math.min(IntervalSeconds * BackoffRate ** retry, MaxDelaySeconds),
  ).reduce((sum, seconds) => sum + seconds / 2, 0);

test('every step leads a failure to RecordFailure, and a lost session back to OpenUpload', () => {
  const outer = Object.entries(definition.States).filter(
    ([name, { Type }]) => (Type === 'Task' || Type === 'Map') && name !== RECORDS,
  );

  for (const [name, state] of outer) {
    const ways =
      'Catch' in state ? state.Catch?.map(({ ErrorEquals, Next }) => [ErrorEquals.join(), Next]) : [];
    expect([name, ways]).toEqual([
      name,
      [
        ['SessionLost', 'OpenUpload'],
        ['States.ALL', RECORDS],
      ],
    ]);
  }
});
