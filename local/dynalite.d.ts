declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options we use; dynalite has more and ships no types of its own. */
  type DynaliteOptions = {
    readonly path?: string;
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  };

  /** Closing the server closes the database behind it. */
  export default function dynalite(options?: DynaliteOptions): Server;
}

declare module 'dynalite/db/index.js' {
  type Store = { readonly db: { open(): Promise<void>; close(done: (error?: Error) => void): void } };

  const db: { create(options: { readonly path: string }): Store };
  export default db;
}
