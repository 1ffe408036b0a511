import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { loadConfig } from '../../shared/config.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import type { EventHold } from '../../shared/services.ts';
import { reportFilesInS3 } from '../../shared/wiring/report-files.ts';
import { type Wired, type WiringOptions, wire, withServices } from '../../shared/wiring/wiring.ts';
import { type CosEndpoint, type CosEndpointOptions, startCosEndpoint } from '../cos/endpoint.ts';
import type { DroppedObject } from '../s3/drop/dropped-object.ts';
import { objectCreatedEvent } from '../s3/drop/object-created-event.ts';
import { type S3Endpoint, type S3EndpointOptions, startS3Endpoint } from '../s3/endpoint.ts';
import { type LocalBackfills, openLocalBackfills } from './backfill-machine.ts';
import { startDynamoDb } from './dynamodb.ts';
import { type LocalMachine, type LocalMachineOptions, localContext, openLocalMachine } from './machine.ts';
import { createTable } from './relay-table.ts';
import { reportFilesInFolder } from './report-files-in-folder.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type StackOptions = {
  /** Everything that must outlive the process lies here. */
  readonly dataDir: string;
  /** Overrides for the configuration; a COS, S3 or DynamoDB named here is used instead of the embedded one. */
  readonly env?: Environment;
  readonly cos?: Partial<CosEndpointOptions>;
  readonly s3?: Partial<S3EndpointOptions>;
  readonly machine?: Omit<LocalMachineOptions, 'services'>;
  readonly wiring?: WiringOptions;
  /** What a backfill tells EventBridge and the SNS topic. */
  readonly onTold?: (state: string, parameters: unknown) => void;
  /** Keep the table in memory: faster, gone with the process. */
  readonly volatileTable?: boolean;
};

/** Everything the relay needs, on this machine: S3 over a folder, DynamoDB, the state machine and a COS. */
export type Stack = {
  readonly services: Wired;
  /** Undefined where an outside one is configured. */
  readonly cos: CosEndpoint | undefined;
  readonly s3: S3Endpoint | undefined;
  /** Where its table is; undefined where an outside one is configured. */
  readonly dynamodb: string | undefined;
  readonly machine: LocalMachine;
  readonly backfills: LocalBackfills;
  /** The folder of the source bucket's objects is `root/bucket`. */
  readonly root: string;
  /** Hands events to one call of `object-created` as the queue would; throws if a message would come back. */
  deliver(...events: readonly unknown[]): Promise<void>;
  /** `deliver` for an object that was put into the source bucket. */
  announce(object: DroppedObject): Promise<void>;
  close(): Promise<void>;
};

/** The account of the embedded COS. It guards nothing but files on this machine. */
export const LOCAL_COS = {
  COS_REGION: 'gz',
  COS_APP_ID: '1250000000',
  COS_BUCKET: 'relay',
  COS_SECRET_ID: 'AKIDlocal',
  COS_SECRET_KEY: 'local-secret-key',
} as const;
export const SOURCE_BUCKET = 'source';
const REPORTS_BUCKET = 'reports';

export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDir, env = {} } = options;
  const root = join(dataDir, 's3');
  await mkdir(join(root, SOURCE_BUCKET), { recursive: true });
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of opened.reverse().splice(0)) await end();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(() => part.close());
    return part;
  };

  try {
    const outside = [...Object.keys(LOCAL_COS), 'COS_ENDPOINT', 'COS_SECRET_NAME'].some((name) => env[name]);
    const cos = outside ? undefined : keep(await startCosEndpoint(cosOptions(options)));
    const config = loadConfig({
      ...(cos && { ...LOCAL_COS, COS_ENDPOINT: cos.origin }),
      MAX_CONCURRENCY: '2',
      SOURCE_BUCKET,
      REPORTS_BUCKET,
      ...env,
    });
    const s3 = env.AWS_ENDPOINT_URL_S3 ? undefined : keep(await startS3Endpoint({ root, ...options.s3 }));
    const table = options.volatileTable ? {} : { dataDir: join(dataDir, 'dynamodb') };
    const db = env.AWS_ENDPOINT_URL_DYNAMODB ? undefined : keep(await startDynamoDb(table));

    const dynamodb =
      options.wiring?.dynamodb ??
      new DynamoDBClient(localClient(db?.endpoint ?? env.AWS_ENDPOINT_URL_DYNAMODB));
    if (db) await createTable(dynamodb, config.TABLE_NAME);
    const client =
      options.wiring?.s3 ??
      new S3Client({ ...localClient(s3?.origin ?? env.AWS_ENDPOINT_URL_S3), forcePathStyle: true });
    const machine = await openLocalMachine({ ...options.machine, services: () => services });
    const written = s3 ? reportFilesInFolder(root, client) : reportFilesInS3(() => client);
    const files = options.wiring?.files ?? written;
    const backfills = openLocalBackfills({
      ...options.machine,
      services: () => services,
      relay: machine,
      s3: () => client,
      put: (bucket, key, lines) => files.write({ bucket, key }, lines, new AbortController().signal),
      ...(options.onTold && { onTold: options.onTold }),
    });
    // no queue is here: the process itself waits
    let hold: (body: string, at: number) => void = () => undefined;
    const holdInMemory: EventHold = {
      async until({ body }, at) {
        hold(body, at);
        return 'copied';
      },
      renewed: async ({ body }) => hold(body, 0),
    };
    const services: Wired = keep(
      wire(config, {
        log: silentLog,
        machine,
        backfills,
        files,
        hold: holdInMemory,
        ...options.wiring,
        dynamodb,
        s3: client,
      }),
    );

    keep({ close: () => backfills.close() }); // before what it uses

    const { handler } = await import('../../functions/object-created.ts');
    const deliver = async (...events: readonly unknown[]) => {
      const Records = events.map((event, at) => ({ messageId: `local-${at}`, body: JSON.stringify(event) }));
      let reason: string | undefined;
      const told: Wired = {
        ...services,
        log: {
          ...services.log,
          warn: (text, fields) => {
            reason ??= String(fields?.reason ?? text);
            services.log.warn(text, fields);
          },
        },
      };
      const answer = await withServices(told, () =>
        handler({ Records }, localContext('object-created', 300_000)),
      );
      if (answer?.batchItemFailures.length) throw new Error(reason ?? 'the event was refused');
    };
    const waiting = new Set<NodeJS.Timeout>();
    hold = (body, at) => {
      const wait = Math.min(Math.max(at - services.clock(), 0), 2 ** 31 - 1);
      const timer = setTimeout(() => {
        waiting.delete(timer);
        deliver(JSON.parse(body)).catch(() => undefined); // the log has it
      }, wait);
      waiting.add(timer.unref());
    };
    keep({ close: async () => waiting.forEach(clearTimeout) });
    return {
      services,
      cos,
      s3,
      dynamodb: db?.endpoint,
      machine,
      backfills,
      root,
      deliver,
      announce: (object) => deliver(objectCreatedEvent(object)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const cosOptions = ({ dataDir, cos }: StackOptions): CosEndpointOptions => ({
  dataDir: join(dataDir, 'cos'),
  appId: LOCAL_COS.COS_APP_ID,
  buckets: [LOCAL_COS.COS_BUCKET],
  credentials: [{ secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY }],
  // the harder answers of the two that COS is said to give
  strictFolders: true,
  refuseSame: true,
  ...cos,
});

/** Embedded services ask for no real account; an outside one brings its own. */
const localClient = (endpoint: string | undefined) => ({
  ...(endpoint !== undefined && { endpoint }),
  region: process.env.AWS_REGION ?? 'us-east-1',
  ...(process.env.AWS_ACCESS_KEY_ID === undefined && {
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  }),
});
