import { LOCAL_COS } from '../local/stack/stack.ts';
import type { CosClient } from '../shared/cos/client.ts';
import { openHttpClient } from '../shared/cos/http-client.ts';
import { openTransport } from '../shared/cos/transport.ts';

/** A plain client of the COS at `origin`, for what is not measured: opening, finishing, removing. */
export function openCos(origin: string): CosClient & { close(): Promise<void> } {
  const transport = openTransport({ origin, connections: 2, requestTimeoutMs: 60_000 });
  const credentials = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };
  const keys = { get: async () => credentials, refresh: async () => false };
  const client = openHttpClient({ transport, keys, clock: Date.now, random: Math.random });
  return { ...client, close: transport.close };
}
