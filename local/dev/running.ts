import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { UsageError } from '../command.ts';

const running = z.object({
  pid: z.number(),
  api: z.string(),
  token: z.string(),
  dynamodb: z.string().optional(),
});

/** The relay that `npm run dev` keeps up, as other commands on this machine reach it. */
export type Running = z.infer<typeof running>;

const fileIn = (dataDir: string): string => join(dataDir, 'running.json');

/** For the owner of the folder alone: the token is in it. */
export async function sayRunning(dataDir: string, what: Running): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
  await writeFile(fileIn(dataDir), JSON.stringify(what), { mode: 0o600 });
}

export const sayStopped = (dataDir: string): Promise<void> => rm(fileIn(dataDir), { force: true });

/** Undefined unless its process is there: one that was killed leaves its file behind. */
export async function findRunning(dataDir: string): Promise<Running | undefined> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => undefined);
  const read = text === undefined ? undefined : running.safeParse(parsed(text));
  return read?.success && isAlive(read.data.pid) ? read.data : undefined;
}

/** Two relays in one folder would write over each other's table. Throws UsageError. */
export async function assertAlone(dataDir: string): Promise<void> {
  const running = await findRunning(dataDir);
  if (!running) return;
  throw new UsageError(
    `npm run dev keeps ${dataDir} already, at ${running.api}/#key=${running.token}; open that, or choose another folder (--data DIR)`,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // there is no such process
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // half written
  }
}
