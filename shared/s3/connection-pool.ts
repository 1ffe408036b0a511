import { openRangeConnection, type RangeConnection } from './range-connection.ts';

/** Connections that are kept for the next read of the same origin. */
export type ConnectionPool = {
  take(url: URL): RangeConnection;
  /** Keeps the connection if it can carry another GET, cuts it if not. */
  give(connection: RangeConnection): void;
  close(): void;
};

const KEPT_MAX = 16;

export function openConnectionPool(idleTimeoutMs: number): ConnectionPool {
  const out = new Map<RangeConnection, string>();
  const kept = new Map<RangeConnection, string>();

  return {
    take(url) {
      for (const [connection, origin] of [...kept].reverse()) {
        if (connection.free && origin !== url.origin) continue;
        kept.delete(connection);
        if (!connection.free) continue; // the server closed it meanwhile
        out.set(connection, origin);
        return connection;
      }
      const connection = openRangeConnection(url, idleTimeoutMs);
      out.set(connection, url.origin);
      return connection;
    },
    give(connection) {
      const origin = out.get(connection);
      out.delete(connection);
      if (origin !== undefined && connection.free && kept.size < KEPT_MAX) kept.set(connection, origin);
      else connection.cut();
    },
    close() {
      for (const connection of [...out.keys(), ...kept.keys()]) connection.cut();
      out.clear();
      kept.clear();
    },
  };
}
