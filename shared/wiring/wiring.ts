import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Config, loadConfig } from '../config.ts';
import type { CosKeys } from '../cos/call.ts';
import { openHttpClient } from '../cos/http-client.ts';
import { openPace, WORKER_BOUNDS } from '../cos/pace.ts';
import { regionOrigin } from '../cos/target.ts';
import { openTransport } from '../cos/transport.ts';
import { withPace } from '../cos/with-pace.ts';
import { withRetry } from '../cos/with-retry.ts';
import { CosUnavailable } from '../errors.ts';
import { emfMetrics } from '../observe/emf-metrics.ts';
import { lambdaLog } from '../observe/lambda-log.ts';
import type { Log, RelayEvent } from '../observe/observe.ts';
import { silentLog } from '../observe/observe.ts';
import { openDynamoStore } from '../records/dynamo-store.ts';
import { type EgressBudget, openEgressBudget } from '../records/egress-budget.ts';
import { openJobStore } from '../records/job-store.ts';
import type { RetryPolicy } from '../retry.ts';
import { lazySource } from '../s3/lazy-source.ts';
import { openS3Source } from '../s3/s3-source.ts';
import type { BackfillMachine, BackfillServices, EventHold, Machine, ReportFiles } from '../services.ts';
import type { Clock } from '../time.ts';
import { told } from '../told-error.ts';
import { stepFunctionsBackfill } from './backfill-machine.ts';
import { keysFrom } from './cos-keys.ts';
import { receiptsInS3 } from './receipts-in-s3.ts';
import { reportFilesInS3 } from './report-files.ts';
import { stepFunctionsMachine } from './step-functions.ts';

/** All that is built once: what the steps use, the configuration, the machine. */
export type Wired = BackfillServices & {
  /** What is used instead of the queue. */
  readonly hold?: EventHold | undefined;
  close(): Promise<void>;
};

export type WiringOptions = {
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly newId?: () => string;
  readonly log?: Log;
  readonly observe?: (event: RelayEvent) => void;
  readonly machine?: Machine;
  readonly backfills?: BackfillMachine;
  readonly files?: ReportFiles;
  readonly hold?: EventHold;
  readonly keys?: CosKeys;
  readonly s3?: S3Client;
  readonly dynamodb?: DynamoDBClient;
};

/** Builds everything from a configuration; what is given in `options` is used instead. */
export function wire(config: Config, options: WiringOptions = {}): Wired {
  const clock = options.clock ?? Date.now;
  const random = options.random ?? Math.random;
  const newId = options.newId ?? randomUUID;
  const log = options.log ?? silentLog;
  const observe = options.observe ?? (() => undefined);
  const policy: RetryPolicy = {
    attempts: config.COS_ATTEMPTS,
    baseMs: config.RETRY_BASE_MS,
    capMs: config.RETRY_BASE_MS * 50,
    budgetMs: config.RETRY_BASE_MS * 150,
  };
  const pace = openPace({ ...WORKER_BOUNDS, most: config.MAX_IN_FLIGHT, now: () => performance.now() });
  const transport = openTransport({
    origin: (config.COS_ENDPOINT ?? regionOrigin(config.COS_REGION)).replace(/\/$/, ''),
    connections: config.MAX_IN_FLIGHT + 4,
    requestTimeoutMs: config.COS_TIMEOUT_MS,
  });
  const patient = withRetry(
    openHttpClient({ transport, keys: options.keys ?? keysFrom(config), clock, random }),
    {
      policy,
      random,
      onRetry: (error, attempt, pauseMs) => {
        if (!(error instanceof CosUnavailable)) return;
        if (error.throttled) pace.slowDown();
        const { message: reason, cosCode, requestId } = told(error);
        log.warn('COS is tried again', { attempt, pauseMs, reason, cosCode, requestId });
        observe({ kind: 'retried', code: cosCode });
      },
    },
  );
  const cos = withPace(patient, pace);
  const dynamodb = options.dynamodb ?? new DynamoDBClient({});
  const documents = DynamoDBDocumentClient.from(dynamodb, {
    marshallOptions: { removeUndefinedValues: true },
  });
  let s3 = options.s3;
  const openS3 = (): S3Client => {
    s3 ??= new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined });
    return s3;
  };
  const source = lazySource(() =>
    openS3Source({ s3: openS3(), policy, idleTimeoutMs: config.S3_IDLE_TIMEOUT_MS, random, clock }),
  );
  return {
    config,
    cos,
    source,
    store: openDynamoStore({
      documents,
      table: config.TABLE_NAME,
      clock,
      newId,
      retentionDays: config.RETENTION_DAYS,
    }),
    receipts: receiptsInS3(config, openS3),
    budget: budgetOf(config, documents, clock),
    pace,
    settings: settingsOf(config),
    clock,
    newId,
    log,
    observe,
    machine: options.machine ?? stepFunctionsMachine(config),
    jobs: openJobStore({ documents, table: config.TABLE_NAME, clock, retentionDays: config.RETENTION_DAYS }),
    backfills: options.backfills ?? stepFunctionsBackfill(config),
    files: options.files ?? reportFilesInS3(openS3),
    hold: options.hold,
    async close() {
      await Promise.all([transport.close(), source.close()]);
      dynamodb.destroy();
      s3?.destroy();
    },
  };
}

/** A GB is what AWS bills as one. */
const GIB = 1_073_741_824;

function budgetOf(
  { EGRESS_BUDGET_GB_PER_DAY: perDay, TABLE_NAME: table }: Config,
  documents: DynamoDBDocumentClient,
  clock: Clock,
): EgressBudget | undefined {
  if (perDay === undefined) return undefined;
  return openEgressBudget({ documents, table, clock, bytesPerDay: Math.ceil(perDay * GIB) });
}

/** What the steps go by of a configuration. */
export const settingsOf = (config: Config): Wired['settings'] => ({
  smallObjectMax: config.SMALL_OBJECT_MAX,
  maxObjectBytes: config.MAX_OBJECT_BYTES,
  readBytes: config.READ_BYTES,
  readers: config.READERS,
  maxInFlight: config.MAX_IN_FLIGHT,
  windowBytes: config.WINDOW_BYTES,
  maxWindows: config.MAX_WINDOWS,
  maxConcurrency: config.MAX_CONCURRENCY,
  watchMs: config.WATCH_MS,
  progressMs: config.PROGRESS_MS,
});

const given = new AsyncLocalStorage<Wired>();
let fromEnvironment: Wired | undefined;

/** The services of this call: those of the stack that runs it, or, on Lambda, those of the environment, built once. */
export async function services(): Promise<Wired> {
  const mine = given.getStore();
  if (mine) return mine;
  fromEnvironment ??= wire(loadConfig(process.env), { log: lambdaLog(), observe: emfMetrics() });
  return fromEnvironment;
}

/** Runs a handler with services of one's own; several stacks can live in one process. */
export const withServices = <T>(own: Wired, work: () => T): T => given.run(own, work);
