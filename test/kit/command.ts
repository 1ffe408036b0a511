import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { exitCodeOf, failureLines } from '../../local/command.ts';

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
 * How a command that cannot work ends, without a process of its own: loading its packages takes a second or two each time. That a
 * process says just this, and nothing else, is for one test of each command.
 */
export async function refusalOf(command: () => Promise<number>): Promise<Omit<CommandEnd, 'stdout'>> {
  try {
    return { code: await command(), stderr: '' };
  } catch (error) {
    return { code: exitCodeOf(error), stderr: failureLines(error).join('\n') };
  }
}
