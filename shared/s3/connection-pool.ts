import { openRangeConnection, type Place, type RangeConnection } from './range-connection.ts';

/** Connections that are kept for the next read of the same origin. */
export type ConnectionPool = {
  /** A new connection if `fresh` is asked for. `reused`: it carried a read before, and the server may have hung up on it meanwhile. */
  take(place: Place, fresh?: boolean): { readonly connection: RangeConnection; readonly reused: boolean };
  /** Cuts a connection that broke, and all that is kept of its origin: what was idle as long is as dead. */
  fail(connection: RangeConnection): void;
  /** Keeps the connection if it can carry another GET, cuts it if not. */
  give(connection: RangeConnection): void;
  close(): void;
};

const KEPT_MAX = 16;

export function openConnectionPool(idleTimeoutMs: number): ConnectionPool {
  const out = new Map<RangeConnection, string>();
  const kept = new Map<RangeConnection, string>();

  return {
    take(place, fresh = false) {
      for (const [connection, origin] of [...kept].reverse()) {
        if (connection.free && (fresh || origin !== place.origin)) continue;
        kept.delete(connection);
        if (!connection.free) continue; // the server closed it meanwhile
        out.set(connection, origin);
        return { connection, reused: true };
      }
      const connection = openRangeConnection(place, idleTimeoutMs);
      out.set(connection, place.origin);
      return { connection, reused: false };
    },
    fail(connection) {
      const origin = out.get(connection);
      out.delete(connection);
      connection.cut();
      for (const [other, its] of [...kept]) {
        if (its !== origin) continue;
        kept.delete(other);
        other.cut();
      }
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
