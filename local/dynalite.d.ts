declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options we use; dynalite has more and ships no types of its own. */
  export type DynaliteOptions = {
    readonly path?: string;
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  };

  /** Closing the server closes the database behind it. */
  export default function dynalite(options?: DynaliteOptions): Server;
}

declare module 'dynalite/db/index.js' {
  import type { DynaliteOptions } from 'dynalite';

  export type Table = {
    readonly TableStatus: string;
    readonly GlobalSecondaryIndexes?: readonly { readonly IndexStatus: string }[];
  };

  type LevelIterator = { close(): Promise<void>; return?: () => Promise<void> };
  type OpenIterator = (options?: object) => LevelIterator;

  export type Store = {
    readonly db: { open(): Promise<void>; keys: OpenIterator; values: OpenIterator };
    readonly tableDb: { put: (name: string, table: Table, done: (error?: Error) => void) => void };
  };

  /** `dynalite()` looks `create` up in this object when it is called. */
  const database: { create: (options?: DynaliteOptions) => Store };
  export default database;
}
