import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDb } from '../../local/stack/dynamodb.ts';

const PROGRAM = join(import.meta.dirname, '../../node_modules/@dynoxide/linux-x64/dynoxide');

/** Why it cannot be used here, or undefined: it is installed where its platform is. */
export const noDynoxide = existsSync(PROGRAM)
  ? undefined
  : `@dynoxide/linux-x64 is not installed on ${process.platform}-${process.arch}`;

/** A second DynamoDB, written by others than the first one. */
export async function startDynoxide(): Promise<DynamoDb> {
  const port = await freePort();
  const child = spawn(PROGRAM, ['--port', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  while (child.exitCode === null && !(await answers(endpoint))) await sleep(5);
  return {
    endpoint,
    async close() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
