import { createServer, type Server } from 'node:http';
import { pathLock } from './disk/path-lock.ts';
import { openStore } from './disk/store.ts';
import type { Fault } from './faults.ts';
import { faultQueue } from './faults.ts';
import { type StoredFile, storedFile, type UnfinishedUpload, unfinishedUpload } from './inspect.ts';
import type { Behaviour } from './operations/context.ts';
import { type RequestRecord, requestLog } from './request-log.ts';
import { type Counter, exchange } from './serve.ts';
import type { Credentials } from './wire/signature.ts';

export type CosEndpointOptions = {
  /** Survives restart and SIGKILL: sessions, held slices, finished files. One endpoint at a time. */
  readonly dataDir: string;
  readonly port?: number; // 0, the default: any free one
  readonly host?: string; // 127.0.0.1 unless given
  readonly appId: string;
  readonly buckets: readonly string[];
  readonly credentials: readonly Credentials[];
  readonly sliceSizes?: readonly number[]; // any other: -284
  readonly grantSliceSize?: number; // overrules what init asked for
  readonly serialUpload?: boolean; // init answers serial_upload: 1; a slice that is not the next: -5999
  readonly listForm?: 'array' | 'string' | 'null-when-empty' | 'absent-when-empty';
  readonly numbersAsStrings?: boolean; // offset and datalen as decimal strings
  readonly closesItself?: boolean; // the slice that makes the file whole finishes it
  readonly shaSuffix?: string; // list shows `sha` with this behind it
  readonly unknownSessionCode?: number; // -5999 unless given
  readonly latencyMs?: number; // before every answer
  readonly now?: () => number; // epoch milliseconds: signatures, times of files, the Date header
  readonly faults?: readonly Fault[];
};

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
  const log = requestLog();
  let origin = '';
  const counter: Counter = {
    context: { behaviour: mannersOf(options), store, lock: pathLock(), origin: () => origin },
    credentials: options.credentials,
    faults,
    latencyMs: options.latencyMs ?? 0,
    log,
    nextRequestId: requestIds(),
  };
  const serving = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    const one = exchange(counter, request, response).finally(() => serving.delete(one));
    serving.add(one);
  });
  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, options.port ?? 0, host);
  origin = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;

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

function mannersOf(options: CosEndpointOptions): Behaviour {
  return {
    appId: options.appId,
    buckets: options.buckets,
    sliceSizes: options.sliceSizes ?? [524288, 1048576, 2097152, 3145728],
    grantSliceSize: options.grantSliceSize,
    serialUpload: options.serialUpload ?? false,
    listForm: options.listForm ?? 'array',
    numbersAsStrings: options.numbersAsStrings ?? false,
    closesItself: options.closesItself ?? false,
    shaSuffix: options.shaSuffix ?? '',
    unknownSessionCode: options.unknownSessionCode ?? -5999,
    now: options.now ?? Date.now,
  };
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
