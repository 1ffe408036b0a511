import { createServer, type Server } from 'node:http';
import type { Desk, Manners } from './desk.ts';
import { type Counter, exchange } from './exchange.ts';
import { faultQueue } from './fault-queue.ts';
import type { Fault } from './faults.ts';
import { pathLock } from './path-lock.ts';
import { interner, type RequestRecord } from './request-log.ts';
import type { Credentials } from './signature.ts';
import { openStore, type Store } from './store.ts';
import { sliceLength } from './uploads.ts';

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

export type StoredFile = {
  readonly size: number;
  readonly dataPath: string;
  readonly sha?: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly bizAttr: string;
  readonly authority: string;
  readonly ctime: number; // epoch seconds, like mtime
  readonly mtime: number;
};

export type UnfinishedUpload = {
  readonly session: string;
  readonly filesize: number;
  readonly sliceSize: number;
  readonly sha?: string;
  readonly held: readonly { readonly offset: number; readonly length: number }[]; // in the order stored
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
  const log: RequestRecord[] = [];
  let origin = '';
  const counter: Counter = {
    desk: { manners: mannersOf(options), store, lock: pathLock(), origin: () => origin },
    credentials: options.credentials,
    faults,
    latencyMs: options.latencyMs ?? 0,
    log,
    intern: interner(),
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
    log,
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

function mannersOf(options: CosEndpointOptions): Manners {
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
  } satisfies Desk['manners'];
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

function storedFile(store: Store, bucket: string, path: string): StoredFile | undefined {
  const file = store.files.get(bucket, path);
  if (!file) return undefined;
  const { size, sha, customHeaders, bizAttr, authority, ctime, mtime } = file;
  const dataPath = store.dataPath(file.dataId);
  return { size, dataPath, ...(sha && { sha }), customHeaders, bizAttr, authority, ctime, mtime };
}

function unfinishedUpload(store: Store, bucket: string, path: string): UnfinishedUpload | undefined {
  const upload = store.uploads.get(bucket, path);
  if (!upload) return undefined;
  const { session, filesize, sliceSize, sha } = upload;
  const held = [...store.slices(upload).held].map((offset) => ({
    offset,
    length: sliceLength(upload, offset),
  }));
  return { session, filesize, sliceSize, ...(sha && { sha }), held };
}
