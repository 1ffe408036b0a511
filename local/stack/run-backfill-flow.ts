import type { S3Client } from '@aws-sdk/client-s3';
import { StateMachine } from 'aws-local-stepfunctions';
import { asError } from '../../shared/errors.ts';
import type { BackfillRun } from '../../shared/services.ts';
import { childOf, functionsIn, withoutMaps } from './backfill-flow.ts';
import { type MapRun, type MapWorld, openMapRun } from './distributed-map/map-run.ts';
import { failure } from './distributed-map/payload-template.ts';
import type { PutText } from './distributed-map/write-results.ts';
import {
  AS_CHECKED,
  type Handler,
  type LocalMachine,
  type LocalMachineOptions,
  localHandler,
  readDefinition,
  withTimeouts,
} from './machine.ts';

export type LocalBackfillOptions = LocalMachineOptions & {
  readonly relay: LocalMachine;
  readonly s3: () => S3Client;
  readonly put: PutText;
  /** What EventBridge and the SNS topic would be told. */
  readonly onTold?: (state: string, parameters: unknown) => void;
};

/** An execution of the flow. */
export type Run = {
  readonly input: object;
  readonly maps: Map<string, MapRun>;
  /** Calls of functions under way: an execution that is stopped does not stop them. */
  readonly calls: Set<Promise<unknown>>;
  status: BackfillRun['status'];
  /** Fires when somebody stops it; not when the process ends, which is no reason to end a transfer. */
  readonly stopped: AbortController;
  error?: Error;
  abort?: () => void;
  ended: Promise<unknown>;
};
type Parameters = Awaited<globalThis.Parameters<Handler>[0]>;

/** What the flow says: longer than a target is held for a request whose sender died, in five rounds. */
const PAUSE_S = 30;
const TELLING = ['TellEvents', 'TellTopic'];

export type Go = (name: string, run: Run) => Promise<void>;

/** Read once in a process, and when one begins. */
let read: ReturnType<typeof readFlow> | undefined;
const readFlow = async () => {
  const flow = await readDefinition('backfill');
  const { definition, maps } = withoutMaps(flow);
  const children = [...maps].map(
    ([state, map]) => [state, new StateMachine(withTimeouts(childOf(map)), AS_CHECKED)] as const,
  );
  return {
    functions: functionsIn(flow),
    maps,
    outer: new StateMachine(withTimeouts(definition), AS_CHECKED),
    children,
  };
};

/** Each Distributed Map of the flow is handed to the map beside, as a task of the interpreter; so is what asks another service. */
export async function openFlow(options: LocalBackfillOptions): Promise<Go> {
  read ??= readFlow();
  const { functions, maps, outer, children } = await read;
  const handlers = await Promise.all(
    functions.map(async ([state, name]) => [state, await localHandler(state, options, name)] as const),
  );
  const pauses = options.pauseMs;
  const pausing = [...functions.map(([state]) => state), 'Relay', ...TELLING];
  const overrides = ({ calls, stopped }: Run, own: Readonly<Record<string, Handler>> = {}) => ({
    taskResourceLocalHandlers: {
      ...Object.fromEntries(handlers.map(([state, handler]) => [state, noting(handler, calls)])),
      Relay: (given: Parameters) => relayed(given, options.relay, stopped.signal),
      ...own,
    },
    ...(pauses !== undefined && {
      waitTimeOverrides: {
        Pause: pauses * PAUSE_S,
        PauseLarge: pauses * PAUSE_S,
        PauseForBudget: pauses * PAUSE_S,
      },
      retryIntervalOverrides: Object.fromEntries(pausing.map((state) => [state, pauses])),
    }),
  });
  const flows = new Map(children);

  const worldOf = (child: StateMachine, run: Run): MapWorld => ({
    s3: options.s3(),
    put: options.put,
    async runChild(input, name, signal) {
      const context = { Execution: { Id: name, Name: name }, State: { RetryCount: 0 } };
      const execution = child.run(asJson(input), { overrides: overrides(run), context });
      const abort = () => execution.abort();
      signal.addEventListener('abort', abort, { once: true });
      return execution.result.finally(() => signal.removeEventListener('abort', abort));
    },
  });
  const runMap = async (state: string, name: string, run: Run, input: unknown): Promise<Parameters> => {
    const [map, child] = [maps.get(state), flows.get(state)];
    if (!map || !child) throw failure('States.Runtime', `${state} is no map`);
    const scope = { input, context: { Execution: { Id: name, Name: name } } };
    const own = run.maps.get(state) ?? openMapRun(map, scope, worldOf(child, run));
    run.maps.set(state, own);
    return asJson(await own.run());
  };
  const tell = async (state: string, given: unknown): Promise<Parameters> => {
    options.onTold?.(state, given);
    return {};
  };
  return async (name, run) => {
    const own = Object.fromEntries<Handler>([
      ...[...maps.keys()].map(
        (state) => [state, noting((input) => runMap(state, name, run, input), run.calls)] as const,
      ),
      ...TELLING.map((state) => [state, (given: unknown) => tell(state, given)] as const),
    ]);
    if (run.status === 'stopped') return;
    try {
      const execution = outer.run(asJson(run.input), { overrides: overrides(run, own) });
      run.abort = () => execution.abort();
      await execution.result;
      if (run.status === 'running') run.status = 'succeeded';
    } catch (error) {
      if (run.status === 'running') run.status = 'failed';
      run.error = asError(error);
    }
    while (run.calls.size > 0) await Promise.allSettled(run.calls);
  };
}

/** A call of a handler is noted while it is under way. */
const noting =
  (handler: Handler, calls: Set<Promise<unknown>>): Handler =>
  async (input) => {
    const call = Promise.resolve(handler(input));
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
    }
  };

/**
 * `states:startExecution.sync:2`: waits for the relay machine's execution, and fails as it failed. One that it started is
 * stopped with it.
 */
async function relayed(given: Parameters, relay: LocalMachine, stopped: AbortSignal): Promise<Parameters> {
  const { Name, Input } = given as { Name: string; Input: { transferId: string } }; // as backfill.asl.yml writes them
  if (stopped.aborted) throw failure('States.Aborted', 'the backfill was stopped');
  const isOurs = !relay.executions.has(Name);
  const stop = (): void => void (isOurs && relay.stop(Name).catch(() => undefined)); // its transfer says what became of it
  stopped.addEventListener('abort', stop, { once: true });
  await relay.start(Name, Input);
  const end = await relay.executions.get(Name)?.ended;
  stopped.removeEventListener('abort', stop);
  if (end?.status !== 'succeeded') throw failure('States.TaskFailed', end?.error ?? 'it did not start');
  return { Name, Status: 'SUCCEEDED', Output: asJson(end.output) };
}

/** What passes between states is JSON. */
const asJson = (value: unknown): Parameters => JSON.parse(JSON.stringify(value ?? null));
