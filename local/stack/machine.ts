import { readFile } from 'node:fs/promises';
import type { Context } from 'aws-lambda';
import { type RunOptions, StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { parse } from 'yaml';
import { asError } from '../../shared/errors.ts';
import type { Machine } from '../../shared/services.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';

/** What a handler is given and gives back, as JSON text: nothing else passes between Lambdas. */
export type Invocation = {
  readonly state: string;
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
};

export type LocalMachineOptions = {
  readonly services: () => Wired;
  /** How long a function may run, in ms. */
  readonly functionTimeoutMs?: number;
  /** Waits and pauses between retries take this share of what `relay.asl.yml` says. */
  readonly pauseMs?: number;
  readonly onInvocation?: (invocation: Invocation) => void;
  readonly meddle?: Meddle;
};

/** May throw instead of the function, as Lambda does when it kills one, or give it services of its own. */
export type Meddle = (
  state: string,
  work: (own?: Wired) => Promise<unknown>,
  input: string,
) => Promise<unknown>;

export type Execution = { readonly name: string; readonly ended: Promise<ExecutionEnd> };
type ExecutionEnd =
  | { readonly status: 'succeeded'; readonly output: unknown }
  | { readonly status: 'failed'; readonly error: string };

export type LocalMachine = Machine & {
  readonly executions: ReadonlyMap<string, Execution>;
  /** Stops an execution, as Step Functions does; its transfer is told, so that workers under way end. */
  stop(name: string): Promise<void>;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
};

/** Any JSON in, any JSON out, as the interpreter types it. */
export type Handler = NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']>[string];

const FUNCTION_TIMEOUT_MS = 900_000;
/** The interpreter does not count retries in its context object; `localHandler` does. */
const FIRST_TRY = { State: { RetryCount: 0 } };

/** The very file that is deployed, run by an interpreter, with the handlers of `functions/`. */
export async function openLocalMachine(options: LocalMachineOptions): Promise<LocalMachine> {
  const { definition, machine } = await interpreter();
  const executions = new Map<string, Execution>();
  const stops = new Map<string, () => Promise<void>>();
  const states = taskStates(definition);
  const handlers = Object.fromEntries(
    await Promise.all(states.map(async (state) => [state, await localHandler(state, options)] as const)),
  );
  const pauses = options.pauseMs;
  const overrides = {
    taskResourceLocalHandlers: handlers,
    ...(pauses !== undefined && {
      retryIntervalOverrides: Object.fromEntries(states.map((state) => [state, pauses])),
      waitTimeOverrides: { LetListCatchUp: pauses },
    }),
  };

  return {
    executions,
    async start(name, input) {
      if (executions.has(name)) return; // as Step Functions: a name is used once
      const { result, abort } = machine.run({ ...input }, { overrides, context: FIRST_TRY });
      const ended = result.then(
        (output): ExecutionEnd => ({ status: 'succeeded', output }),
        (error: unknown): ExecutionEnd => ({ status: 'failed', error: asError(error).message }),
      );
      executions.set(name, { name, ended });
      stops.set(name, async () => {
        abort();
        await ended;
        const told = { name, status: 'ABORTED', input: JSON.stringify(input) };
        await (await localHandler('ExecutionEnded', options))({ detail: told });
      });
      void ended.then(() => stops.delete(name));
    },
    stop: async (name) => stops.get(name)?.(),
    async idle() {
      for (let seen = -1; seen !== executions.size; ) {
        seen = executions.size;
        await Promise.all([...executions.values()].map(({ ended }) => ended));
      }
    },
  };
}

/** It is the tests and the deployment that hold the file against the schema of the language: here that is half a second. */
export const AS_CHECKED = { validationOptions: { noValidate: true } } as const;

/** Read once in a process. */
let read: Promise<{ definition: StateMachineDefinition; machine: StateMachine }> | undefined;
const interpreter = () => {
  read ??= readDefinition().then((definition) => ({
    definition,
    machine: new StateMachine(withTimeouts(definition), AS_CHECKED),
  }));
  return read;
};

/** As long as Step Functions waits for a task that names no time, which is for ever; the interpreter would wait 60 s. */
const TASK_TIMEOUT_S = 2_000_000;

/** The flow with that time in each of its tasks. */
export function withTimeouts<T extends Pick<StateMachineDefinition, 'States'>>(flow: T): T {
  const States = Object.entries(flow.States).map(([name, state]) => {
    if (state.Type === 'Task') return [name, { TimeoutSeconds: TASK_TIMEOUT_S, ...state }];
    if (state.Type !== 'Map' || !state.ItemProcessor) return [name, state];
    return [name, { ...state, ItemProcessor: withTimeouts(state.ItemProcessor) }];
  });
  return { ...flow, States: Object.fromEntries(States) };
}

/** A flow of `functions/` with the ARNs that CloudFormation would put in. */
export async function readDefinition(flow: 'relay' | 'backfill' = 'relay'): Promise<StateMachineDefinition> {
  const arns = (_: unknown, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt']))
      return `arn:aws:lambda:us-east-1:000000000000:function:${value['Fn::GetAtt'][0]}`;
    return 'Ref' in value ? `arn:aws:local:us-east-1:000000000000:${value.Ref}` : value;
  };
  const file = new URL(`../../functions/${flow}.asl.yml`, import.meta.url);
  return parse(await readFile(file, 'utf8'), arns, { merge: true });
}

/** The names of all task states, those inside a Map too. */
export function taskStates({ States }: Pick<StateMachineDefinition, 'States'>): string[] {
  return Object.entries(States).flatMap(([name, state]) => {
    if (state.Type === 'Task') return [name];
    return state.Type === 'Map' && state.ItemProcessor ? taskStates(state.ItemProcessor) : [];
  });
}

/** State OpenUpload runs functions/open-upload.ts. */
export const functionOf = (state: string): string => state.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();

/** functions/open-upload.ts is run by state OpenUpload, or by states that all do the same. */
const stateOf = (name: string): string =>
  name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

/** The function of a state, as Lambda would run it. */
export async function localHandler(state: string, options: LocalMachineOptions, name = functionOf(state)) {
  const { handler } = await import(`../../functions/${name}.ts`);
  const meddle: Meddle = options.meddle ?? ((_, work) => work());
  const failures = new Map<string, number>(); // since the last success, by input
  return async (given: Parameters<Handler>[0]): Promise<Awaited<ReturnType<Handler>>> => {
    const asked = JSON.stringify(given);
    const retries = failures.get(asked) ?? 0;
    const input = JSON.stringify(given, (name, value) => (name === 'retries' ? retries : value));
    const context = localContext(name, options.functionTimeoutMs ?? FUNCTION_TIMEOUT_MS);
    try {
      const work = async (own = options.services()) =>
        withServices(own, () => handler(JSON.parse(input), context));
      const result = await meddle(stateOf(name), work, input);
      failures.delete(asked);
      const output = JSON.stringify(result ?? null);
      options.onInvocation?.({ state, input, output });
      return JSON.parse(output);
    } catch (thrown) {
      const error = asError(thrown);
      failures.set(asked, retries + 1);
      options.onInvocation?.({ state, input, error: error.name });
      // what Lambda makes of an error: a name, and a cause as JSON text
      const told = new Error(JSON.stringify({ errorType: error.name, errorMessage: error.message }), {
        cause: error,
      });
      told.name = error.name;
      throw told;
    }
  };
}

/** What Lambda tells a handler of its call, as far as handlers here look at it. */
export function localContext(functionName: string, timeoutMs: number): Context {
  const end = performance.now() + timeoutMs;
  const context: Partial<Context> = {
    functionName,
    awsRequestId: crypto.randomUUID(),
    getRemainingTimeInMillis: () => Math.max(0, end - performance.now()),
  };
  return context as Context; // the rest of it nobody reads
}
