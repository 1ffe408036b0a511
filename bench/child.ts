import { type ChildProcess, fork } from 'node:child_process';
import { asError } from '../shared/errors.ts';

/** What a process can be asked to do, by name. Everything given and returned must survive structured cloning. */
type Tasks = Readonly<Record<string, (given: never) => unknown>>;
type Given<Task> = Task extends (given: infer G) => unknown ? G : never;
type Result<Task> = Task extends (given: never) => infer R ? Awaited<R> : never;

/** A process of its own, so that its CPU time and memory are nobody else's. */
export type Child<T extends Tasks> = {
  call<Name extends keyof T & string>(name: Name, given: Given<T[Name]>): Promise<Result<T[Name]>>;
  close(): Promise<void>;
};

type Question = { readonly id: number; readonly name: string; readonly given: unknown };
type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };

/** Starts `module`, which must call `answer` with the tasks of type `T`. */
export function openChild<T extends Tasks>(module: URL, nodeOptions: readonly string[] = []): Child<T> {
  const child = fork(module, [], {
    serialization: 'advanced',
    execArgv: ['--expose-gc', ...nodeOptions],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', (message) => {
    const { id, result, error } = message as Answer; // only `answer` below writes to this channel
    const one = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) one?.resolve(result);
    else one?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const one of waiting.values())
      one.reject(new Error(`a process of the bench ended: ${code ?? signal}`));
  });
  return {
    call(name, given) {
      asked += 1;
      const one = Promise.withResolvers<unknown>();
      waiting.set(asked, one);
      child.send({ id: asked, name, given } satisfies Question);
      return one.promise as Promise<never>; // the child answers a task with that task's result
    },
    close: () => ended(child),
  };
}

/** Runs in the child: does what it is asked for. */
export function answer(tasks: Tasks): void {
  process.on('message', async (message) => {
    const { id, name, given } = message as Question; // only `openChild` above writes to this channel
    const reply = (said: Omit<Answer, 'id'>) => process.send?.({ id, ...said });
    try {
      reply({ result: await tasks[name]?.(given as never) });
    } catch (error) {
      reply({ error: asError(error).stack ?? String(error) });
    }
  });
  process.once('disconnect', () => process.exit(0)); // by itself even when the bench is killed
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}
