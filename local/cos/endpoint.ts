import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isControl, serveControl } from './control.ts';
import { pathLock } from './disk/path-lock.ts';
import { openStore } from './disk/store.ts';
import { faultQueue } from './fault-queue.ts';
import type { Fault } from './faults.ts';
import { type StoredFile, storedFile, type UnfinishedUpload, unfinishedUpload } from './inspect.ts';
import { behaviourOf, type CosEndpointOptions } from './options.ts';
import { type RequestRecord, requestLog } from './request-log.ts';
import { type CosServer, serve } from './serve.ts';
import { openBandwidth } from './wire/bandwidth.ts';

export type { CosEndpointOptions } from './options.ts';

export type CosEndpoint = {
  readonly origin: string;
  readonly port: number;
  readonly log: readonly RequestRecord[];
  inject(fault: Fault): void;
  clearFaults(): void;
  file(bucket: string, path: string): Promise<StoredFile | undefined>;
  unfinished(bucket: string, path: string): Promise<UnfinishedUpload | undefined>;
  /** Cuts every connection; resolves when nothing is written any more. */
  close(): Promise<void>;
};

/** A COS v4 JSON API on this machine, which keeps what it is given below `dataDir`. */
export async function startCosEndpoint(options: CosEndpointOptions): Promise<CosEndpoint> {
  const store = await openStore(options.dataDir);
  const faults = faultQueue(options.faults ?? []);
  const log = requestLog({ keep: options.keepRecords, onRecord: options.onRecord });
  let origin = '';
  const linkStyle = () => ({
    origin,
    region: options.region ?? 'gz',
    realHosts: options.realHosts ?? false,
  });
  const cos: CosServer = {
    context: { behaviour: behaviourOf(options), store, lock: pathLock(), linkStyle },
    credentials: options.credentials,
    faults,
    latencyMs: options.latencyMs ?? 0,
    bandwidth: options.bandwidth === undefined ? undefined : openBandwidth(options.bandwidth),
    allowOrigins: options.allowOrigins ?? ['*'],
    log,
    nextRequestId: requestIds(),
  };
  const serving = new Set<Promise<void>>();
  const server = listener(options, (request, response) => {
    const controls = options.control === true && isControl(request);
    const work = controls ? serveControl({ faults, log }, request, response) : serve(cos, request, response);
    const one = work.finally(() => serving.delete(one));
    serving.add(one);
  });
  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, options.port ?? 0, host);
  const reachedAt = host === '0.0.0.0' ? '127.0.0.1' : host;
  origin = `${options.tls ? 'https' : 'http'}://${reachedAt.includes(':') ? `[${reachedAt}]` : reachedAt}:${port}`;

  return {
    origin,
    port,
    log: log.records,
    inject: faults.add,
    clearFaults: faults.clear,
    file: async (bucket, path) => storedFile(store, bucket, path),
    unfinished: async (bucket, path) => unfinishedUpload(store, bucket, path),
    async close() {
      await hangUp(server);
      await Promise.allSettled(serving);
      await store.close();
    },
  };
}

function listener(
  { tls }: CosEndpointOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const patience = { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 0 }; // a busy machine cuts nobody off
  return tls ? createTlsServer({ ...patience, ...tls }, answer) : createServer(patience, answer);
}

/** Shaped like Tencent's: base64 of some numbers in hex. */
function requestIds(): () => string {
  const start = Date.now().toString(16);
  let count = 0;
  return () => {
    count += 1;
    return Buffer.from(`${start}_${process.pid.toString(16)}_${count.toString(16)}`).toString('base64');
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function hangUp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
