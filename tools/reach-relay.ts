import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startStack } from '../local/stack.ts';
import { loadConfig } from '../shared/config.ts';
import { type Parts, wire } from '../shared/wiring.ts';

/** A relay to look into: the one that the environment names, or the one on this machine. */
export type Reached = {
  readonly parts: Parts;
  /** Resolves when nothing that was started here runs any more; on AWS the machine runs by itself. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

export type Reach = { readonly local: boolean; readonly data: string | undefined };

/** Throws BadConfig that names every bad variable. */
export async function reachRelay({ local, data }: Reach, env: NodeJS.ProcessEnv): Promise<Reached> {
  if (!local) {
    const parts = wire(loadConfig(env));
    return { parts, idle: async () => undefined, close: () => parts.close() };
  }
  const dataDir = resolve(env.INIT_CWD ?? '.', data ?? env.RELAY_DATA ?? '.relay');
  await mkdir(dataDir, { recursive: true });
  const stack = await startStack({ dataDir, env, machine: { pauseMs: 1_000 } });
  return { parts: stack.parts, idle: () => stack.machine.idle(), close: () => stack.close() };
}
