import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import dynalite from 'dynalite';
import database from 'dynalite/db/index.js';

export type DynamoDbOptions = {
  /** Where the tables live. Without it they are in memory and end with the process. */
  readonly dataDir?: string;
  readonly port?: number;
};

export type DynamoDb = { readonly endpoint: string; close(): Promise<void> };

/** A DynamoDB inside this process. With a `dataDir` what was written outlives even a SIGKILL. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<DynamoDb> {
  const { dataDir, port = 0 } = options;
  if (dataDir !== undefined) await proveFree(dataDir);

  const server = dynalite({
    ...(dataDir === undefined ? {} : { path: dataDir }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the DynamoDB server has no TCP port');
  return { endpoint: `http://127.0.0.1:${address.port}`, close: () => close(server) };
}

/** Longer than the AWS SDK keeps an idle socket, so that the server never hangs up on a request. */
const KEEP_ALIVE_MS = 60_000;

/** How long calls under way may still finish once `close` was called. */
const CLOSE_GRACE_MS = 500;

/**
 * LevelDB lets one process in. dynalite opens it lazily and crashes on the first call when it cannot,
 * so we open and close it once ourselves, where the refusal still has a caller to go to.
 */
async function proveFree(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const { db } = database.create({ path: dataDir });
  try {
    await db.open();
  } catch (error) {
    throw new Error(refusal(dataDir, error), { cause: error });
  }
  await new Promise<void>((resolve, reject) => {
    db.close((error) => (error ? reject(error) : resolve()));
  });
}

function refusal(dataDir: string, error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const isLocked = cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
  return isLocked
    ? `the DynamoDB folder ${dataDir} is in use by another process: stop that one, or choose another folder`
    : `the DynamoDB folder ${dataDir} cannot be opened (${cause instanceof Error ? cause.message : error}): repair or delete it`;
}

async function close(server: Server): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
  clearTimeout(grace);
}
