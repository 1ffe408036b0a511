import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import type { CosEndpoint, CosEndpointOptions } from '../../local/cos/endpoint.ts';
import { putFile } from '../../local/s3/drop/drop.ts';
import type { DroppedObject } from '../../local/s3/drop/dropped-object.ts';
import { startS3Endpoint } from '../../local/s3/endpoint.ts';
import { type DynamoDb, startDynamoDb } from '../../local/stack/dynamodb.ts';
import type { Execution, LocalMachineOptions } from '../../local/stack/machine.ts';
import { reportFilesInFolder } from '../../local/stack/report-files-in-folder.ts';
import { LOCAL_COS, SOURCE_BUCKET, type Stack, startStack } from '../../local/stack/stack.ts';
import { loadConfig } from '../../shared/config.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { openTransport } from '../../shared/cos/transport.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { transferId } from '../../shared/records/transfer.ts';
import type { WiringOptions } from '../../shared/wiring/wiring.ts';
import { startLocalCos } from './local-cos.ts';
import { tempDir } from './temp-dir.ts';

export const SLICE = 524_288;

/** Small slices, short pauses: a transfer with trouble is over in a moment. No silence of a busy machine is trouble. */
const FAST = {
  SLICE_SIZE: String(SLICE),
  SMALL_OBJECT_MAX: '0',
  READ_BYTES: '3145728',
  RETRY_BASE_MS: '1',
  COS_TIMEOUT_MS: '30000',
  S3_IDLE_TIMEOUT_MS: '30000',
  WATCH_MS: '20',
} as const;

/** For a peer that falls silent on purpose. A busy machine makes one try more of it, and nobody may count tries then. */
export const IMPATIENT = { COS_TIMEOUT_MS: '1000', S3_IDLE_TIMEOUT_MS: '1000' } as const;

export type BedOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cos?: Partial<CosEndpointOptions>;
  /** A table that outlives the bed, under a name of its own. */
  readonly dynamodb?: DynamoDb;
};

export type ProcessOptions = {
  readonly machine?: Omit<LocalMachineOptions, 'services'>;
  readonly wiring?: WiringOptions;
  readonly onTold?: (state: string, parameters: unknown) => void;
  readonly env?: Readonly<Record<string, string>>;
};

export type Bed = Awaited<ReturnType<typeof openBed>>;

let tables = 0;

/** What outlives a process of the relay: S3, COS and the table. Processes are started on it, one after another or at once. */
export async function openBed(options: BedOptions = {}) {
  const dir = await tempDir('relay-bed');
  const root = join(dir.path, 's3');
  const cos = await startLocalCos(join(dir.path, 'cos'), { refuseSame: true, ...options.cos });
  const s3 = await startS3Endpoint({ root });
  const reader = new S3Client({
    endpoint: s3.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const files = reportFilesInFolder(root, reader);
  const db = options.dynamodb ?? (await startDynamoDb());
  tables += 1;
  const env = {
    ...LOCAL_COS,
    ...FAST,
    ...options.env,
    COS_ENDPOINT: cos.origin,
    AWS_ENDPOINT_URL_S3: s3.origin,
    AWS_ENDPOINT_URL_DYNAMODB: db.endpoint,
    TABLE_NAME: `relay-${process.pid}-${tables}`,
  };
  await makeTable(db.endpoint, env.TABLE_NAME);
  const processes: Stack[] = [];

  return {
    dir: dir.path,
    root,
    cos,
    s3,
    env,
    config: loadConfig(env),
    async start({ machine, wiring = {}, env: more = {}, onTold }: ProcessOptions = {}): Promise<Stack> {
      const stack = await startStack({
        dataDir: dir.path,
        env: { ...env, ...more },
        machine: { pauseMs: 1, ...machine },
        wiring: { files, ...wiring },
        ...(onTold && { onTold }),
      });
      processes.push(stack);
      return stack;
    },
    put: (key: string, content: Uint8Array) => putFile(root, { bucket: SOURCE_BUCKET, key }, content),
    /** SHA-1 of the finished file at a path of COS; undefined if there is none. */
    stored: async (path: string): Promise<string | undefined> => {
      const file = await cos.file(LOCAL_COS.COS_BUCKET, path);
      return file && sha1OfFile(file.dataPath);
    },
    unfinished: (path: string) => cos.unfinished(LOCAL_COS.COS_BUCKET, path),
    async close() {
      for (const stack of processes.splice(0)) await stack.close();
      reader.destroy();
      await s3.close();
      await cos.close();
      if (!options.dynamodb) await db.close();
      await dir.remove();
    },
  };
}

/** A client of somebody else to the same COS, or of a test that prepares what is there. */
export function outsider(cos: CosEndpoint) {
  const { COS_SECRET_ID: secretId, COS_SECRET_KEY: secretKey } = LOCAL_COS;
  const transport = openTransport({ origin: cos.origin, connections: 2, requestTimeoutMs: 60_000 });
  const client = openHttpClient({
    transport,
    keys: { get: async () => ({ secretId, secretKey }), refresh: async () => false },
    clock: Date.now,
    random: Math.random,
  });
  return { ...client, close: transport.close };
}

export const targetOf = (path: string) => ({
  region: LOCAL_COS.COS_REGION,
  appId: LOCAL_COS.COS_APP_ID,
  bucket: LOCAL_COS.COS_BUCKET,
  path,
});

/** As the configuration has them by default. */
export const OPTIONS = {
  onExisting: 'skip-same',
  onForeignUpload: 'replace',
  trustListed: 'listed',
  integrity: 'md5',
  sliceSize: 1_048_576,
} as const;

/** The id that the transfer of this object gets. */
export const idOf = (object: DroppedObject): string =>
  transferId({ kind: 's3', lastModified: 0, ...object }, targetOf(object.key));

/** The requests of one operation that COS has seen. */
export const seen = ({ log }: CosEndpoint, op: string) => log.filter((record) => record.op === op);

/** How often each slice went out, by offset. */
export function sendings(cos: CosEndpoint): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { offset = -1 } of seen(cos, 'upload_slice_data'))
    counts.set(offset, (counts.get(offset) ?? 0) + 1);
  return counts;
}

export const sha1 = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex');

async function sha1OfFile(path: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Bytes that differ from slice to slice and from name to name, the same each time. */
export function bytesOf(name: string, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = createHash('sha256').update(name).digest().readInt32LE(0) | 1;
  for (let at = 0; at < size; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (at + 4 <= size) bytes.writeInt32LE(state, at);
    else for (let rest = at; rest < size; rest += 1) bytes[rest] = (state >>> ((rest - at) * 8)) & 0xff;
  }
  return bytes;
}

/** Slices that all differ, made in a moment however many there are. */
export function slicesOf(count: number): Buffer {
  const slices = Buffer.alloc(count * SLICE, bytesOf('slice', SLICE));
  for (let at = 0; at < count; at += 1) slices.writeUInt32BE(at, at * SLICE);
  return slices;
}

export const failedEnds = async (executions: Iterable<Execution>): Promise<string[]> => {
  const ends = await Promise.all([...executions].map(({ ended }) => ended));
  return ends.flatMap((end) => (end.status === 'failed' ? [end.error] : []));
};

async function makeTable(endpoint: string, name: string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  await client.send(new CreateTableCommand(tableDefinition(name)));
  client.destroy();
}
