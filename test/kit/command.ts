import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const ROOT = join(import.meta.dirname, '../..');
/** Most of a command's first second is reading and compiling packages, which is the same each time. */
export const COMPILED = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled') };

export type CommandEnd = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type RunningCommand = {
  readonly process: ChildProcess;
  /** What was said on stderr so far. */
  readonly said: () => string;
  /** Resolves when stderr contains the text; rejects when the command ends before. */
  until(text: string): Promise<void>;
  readonly ended: Promise<CommandEnd>;
};

export type CommandOptions = {
  readonly env?: Record<string, string>;
  readonly uid?: number;
  /** What it reads on standard input; nothing unless given. */
  readonly input?: string | Uint8Array;
};

/** Starts one of the project's commands as npm would: `startCommand('local/start/main.ts', ['--json'])`. */
export function startCommand(
  script: string,
  args: readonly string[],
  { env = {}, uid, input }: CommandOptions = {},
): RunningCommand {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    env: { PATH, HOME, ...COMPILED, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  child.stdin.on('error', () => undefined); // it may end before it has read all
  child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  const heard = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const tell of heard) tell();
  });
  const ended = once(child, 'close').then(([code]): CommandEnd => ({ code, stdout, stderr }));
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const tell = () => {
        if (!stderr.includes(text)) return;
        heard.delete(tell);
        resolve();
      };
      heard.add(tell);
      void ended.then(() => reject(new Error(`the command ended without saying "${text}":\n${stderr}`)));
      tell();
    });
  return { process: child, said: () => stderr, until, ended };
}

/** Runs it to its end. */
export const runCommand = (
  script: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandEnd> => startCommand(script, args, options).ended;

/**
 * The same command with the same words, without a process of its own: loading its packages takes a second each time. One at a
 * time. What only a process can show (a signal, a user, a pipe that is closed, that it ends at all) is for `runCommand`, at
 * least once for each command.
 */
export function runHere(
  script: string,
  args: readonly string[],
  options: Omit<CommandOptions, 'uid'> = {},
): Promise<CommandEnd> {
  const ended = lastHere.then(() => commandHere(script, args, options));
  lastHere = ended.catch(() => undefined);
  return ended;
}

let lastHere: Promise<unknown> = Promise.resolve();
let runs = 0;

async function commandHere(
  script: string,
  args: readonly string[],
  { env = {}, input }: CommandOptions,
): Promise<CommandEnd> {
  const { argv, env: own, exit } = process;
  const { PATH = '', HOME = '' } = own;
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};
  const told = [tapped(process.stdout), tapped(process.stderr)] as const;
  const forget = [process, process.stdout, process.stderr].map(listenersOf);
  process.argv = [process.execPath, join(ROOT, script), ...args];
  process.env = { PATH, HOME, ...env };
  const text = input === undefined ? [] : [Buffer.from(input)];
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from(text) });
  try {
    runs += 1;
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    process.exit = ((code: number) => resolve(code)) as typeof exit; // commands end by it, and do nothing after
    await import(`${new URL(`../../${script}`, import.meta.url)}?run=${runs}`).catch(reject);
    const code = await promise;
    return { code, stdout: told[0].text(), stderr: told[1].text() };
  } finally {
    Object.assign(process, { argv, env: own, exit });
    Object.defineProperty(process, 'stdin', stdin);
    for (const undo of [...forget, ...told.map(({ restore }) => restore)]) undo();
  }
}

/** What is written to the stream from now on goes nowhere else. */
function tapped(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  const own = Object.getOwnPropertyDescriptor(stream, 'write');
  const pieces: Buffer[] = [];
  const write = (piece: string | Uint8Array): boolean => pieces.push(Buffer.from(piece)) > 0;
  Object.defineProperty(stream, 'write', { configurable: true, writable: true, value: write });
  return {
    text: () => Buffer.concat(pieces).toString(),
    restore: () => {
      if (own) Object.defineProperty(stream, 'write', own);
      else Reflect.deleteProperty(stream, 'write');
    },
  };
}

/** Takes off whatever listens from now on: a process that ends leaves nobody listening. */
function listenersOf(emitter: NodeJS.EventEmitter): () => void {
  const events = ['SIGINT', 'SIGTERM', 'error'];
  const before = new Map(events.map((event) => [event, emitter.rawListeners(event)]));
  return () => {
    for (const [event, known] of before)
      for (const one of emitter.rawListeners(event))
        if (!known.includes(one)) emitter.off(event, one as () => void);
  };
}
