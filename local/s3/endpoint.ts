import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCall } from './answer/answer-call.ts';
import { type FaultTarget, faultBook, type S3Fault, seededRandom } from './faults.ts';
import { bucketFiles } from './folder/bucket-files.ts';
import { misbehave } from './misbehave.ts';
import type { S3LogEntry } from './request-log.ts';
import { readCall, type S3Call } from './wire/s3-call.ts';

export type S3EndpointOptions = {
  /** An object lies at `root/bucket/key`. */
  readonly root: string;
  readonly host?: string;
  readonly port?: number;
  readonly faults?: readonly S3Fault[];
  /** For faults with a chance; seeded with 1 unless given, so that a run can be repeated. */
  readonly random?: () => number;
  /** How long every answer is held back. */
  readonly latencyMs?: number;
  /** `bucket/key` → a file anywhere on the disk, looked at before the folder. */
  readonly files?: Map<string, string>;
};

export type S3Endpoint = {
  readonly origin: string;
  readonly port: number;
  /** Every request in the order of arrival; status and bytes are filled in as they go out. */
  readonly log: readonly S3LogEntry[];
  inject(fault: S3Fault): void;
  clearFaults(): void;
  /** Shows a file anywhere on the disk as an object, without a copy. */
  map(bucket: string, key: string, path: string): void;
  close(): Promise<void>;
};

/** A small read-only S3 over a folder: path-style, single ranges, no signature check. */
export async function startS3Endpoint(options: S3EndpointOptions): Promise<S3Endpoint> {
  const { root, host = '127.0.0.1', port = 0, latencyMs = 0 } = options;
  const files = bucketFiles(root, options.files ?? new Map());
  const faults = faultBook(options.faults ?? [], options.random ?? seededRandom(1));
  const log: S3LogEntry[] = [];

  const serve = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const call = readCall(request.method ?? '', request.url ?? '/');
    const target = targetOf(call);
    const entry: S3LogEntry = { ...target, status: 0, bytes: 0, at: Date.now() };
    log.push(entry);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false }); // the socket keeps the process

    const fault = faults.strike(target);
    if (fault !== undefined) entry.fault = fault.kind;
    if (await misbehave(fault, request, answer, entry)) return;
    await answerCall(call, { root, files, request, answer, entry, fault });
  };

  const server = createServer((request, answer) => {
    answer.on('error', () => answer.destroy()); // the reader went away
    request.resume();
    serve(request, answer).catch((error: unknown) => {
      console.error('S3 endpoint:', error);
      answer.destroy();
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the S3 endpoint has no TCP port');
  return {
    origin: `http://${host}:${address.port}`,
    port: address.port,
    log,
    inject: faults.add,
    clearFaults: faults.clear,
    map: files.map,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Longer than clients keep an idle socket, so that the endpoint never hangs up on a request. */
const KEEP_ALIVE_MS = 60_000;

function targetOf(call: S3Call): FaultTarget {
  switch (call.kind) {
    case 'object':
      return { op: call.op, bucket: call.bucket, key: call.key };
    case 'list':
      return { op: 'list', bucket: call.bucket, key: '' };
    case 'bucket':
      return { op: 'other', bucket: call.bucket, key: '' };
    case 'buckets':
    case 'refused':
      return { op: 'other', bucket: '', key: '' };
  }
}
