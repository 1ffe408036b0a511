import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../local/command.ts';
import type { Stage } from '../local/reach/stage.ts';
import { loadConfig } from '../shared/config.ts';
import { type Wired, wire } from '../shared/wiring/wiring.ts';

/** A relay to look into: the one that the environment names, or the one on this machine. */
export type Reached = {
  readonly services: Wired;
  /** Resolves when nothing that was started here runs any more; on AWS the machine runs by itself. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

export type Reach = {
  /** The table is enough: it is read while `npm run dev` runs, too. */
  readonly tableOnly?: boolean;
  readonly local: boolean;
  readonly data: string | undefined;
  /** One that is deployed: its functions' environment is used instead of this process's. */
  readonly stage?: Stage | undefined;
};

/** Whether the environment is that of a relay's functions, or a part of it. */
export const namesRelay = (env: NodeJS.ProcessEnv): boolean =>
  ['TABLE_NAME', 'COS_REGION', 'COS_APP_ID', 'COS_BUCKET'].some((name) => env[name]);

/** Throws BadConfig that names every bad variable, UsageError for a table on this machine that is not there. */
export async function reachRelay(
  { local, data, stage, tableOnly }: Reach,
  env: NodeJS.ProcessEnv,
): Promise<Reached> {
  if (!local) {
    const services = wire(loadConfig(stage?.env ?? env));
    return { services, idle: async () => undefined, close: () => services.close() };
  }
  const dataDir = resolve(env.INIT_CWD ?? '.', data ?? env.RELAY_DATA ?? '.relay');
  if (tableOnly && !existsSync(dataDir))
    throw new UsageError(
      `no relay has run in ${dataDir} yet: npm start begins one; --data DIR names another folder, --stage STAGE one on AWS`,
    );
  await mkdir(dataDir, { recursive: true });
  if (tableOnly) {
    const { openLocalTable } = await import('./local-table.ts');
    return { ...(await openLocalTable(dataDir, env)), idle: async () => undefined };
  }
  const { startStack } = await import('../local/stack/stack.ts');
  const stack = await startStack({ dataDir, env, machine: { pauseMs: 1_000 } });
  return { services: stack.services, idle: () => stack.machine.idle(), close: () => stack.close() };
}
