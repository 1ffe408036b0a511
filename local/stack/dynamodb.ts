import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import dynalite, { type DynaliteOptions } from 'dynalite';
import database, { type Store, type Table } from 'dynalite/db/index.js';

export type DynamoDbOptions = {
  /** Where the tables live. Without it they are in memory and end with the process. */
  readonly dataDir?: string;
  readonly port?: number;
};

export type DynamoDb = { readonly endpoint: string; close(): Promise<void> };

/**
 * A DynamoDB inside this process. A created table is usable at once; with a `dataDir` what was written
 * outlives even a SIGKILL.
 */
export async function startDynamoDb({ dataDir, port = 0 }: DynamoDbOptions = {}): Promise<DynamoDb> {
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true });
  const path = dataDir === undefined ? {} : { path: dataDir };
  const { server, stores } = withStores({ ...path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  for (const store of stores) {
    skipCreating(store);
    closeIterators(store);
    await opened(store, dataDir);
  }

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

/** dynalite keeps the store it makes to itself, so we look on while it is made. */
function withStores(options: DynaliteOptions): { server: Server; stores: readonly Store[] } {
  const { create } = database;
  const stores: Store[] = [];
  database.create = (given) => {
    const store = create(given);
    stores.push(store);
    return store;
  };
  try {
    return { server: dynalite(options), stores };
  } finally {
    database.create = create;
  }
}

/**
 * dynalite answers CreateTable a moment before the table is usable, and a kill in that moment leaves it
 * CREATING for ever. So it is never written as CREATING.
 */
function skipCreating({ tableDb }: Store): void {
  const { put } = tableDb;
  tableDb.put = (name, table, done) =>
    put(name, table.TableStatus === 'CREATING' ? active(table) : table, done);
}

/**
 * dynalite ends the iterators of LevelDB by `return`, a method they do not have: each list call left one open, with 65 kB
 * that nothing gave back.
 */
function closeIterators({ db }: Store): void {
  for (const kind of ['keys', 'values'] as const) {
    const open = db[kind].bind(db);
    db[kind] = (options) => {
      const iterator = open(options);
      iterator.return = () => iterator.close();
      return iterator;
    };
  }
}

const active = ({ GlobalSecondaryIndexes: indexes, ...table }: Table): Table => ({
  ...table,
  TableStatus: 'ACTIVE',
  ...(indexes && { GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, IndexStatus: 'ACTIVE' })) }),
});

/** LevelDB lets one process in. Left to itself dynalite would find that out in the first call, and crash. */
async function opened({ db }: Store, dataDir: string | undefined): Promise<void> {
  try {
    await db.open();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isLocked = cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
    const reason = isLocked
      ? 'is in use by another process: stop that one, or choose another folder'
      : `cannot be opened (${cause instanceof Error ? cause.message : error}): repair or delete it`;
    throw new Error(`the DynamoDB folder ${dataDir} ${reason}`, { cause: error });
  }
}

async function close(server: Server): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
  clearTimeout(grace);
}
