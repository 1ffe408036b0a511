import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import type { Invocation } from '../../local/stack/machine.ts';
import { reportFilesInFolder } from '../../local/stack/report-files-in-folder.ts';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { BACKFILL_DEFAULTS, beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { openPace } from '../../shared/cos/pace.ts';
import { finishUpload } from '../../shared/relay/finish-upload.ts';
import { listSlices } from '../../shared/relay/list-slices.ts';
import { openUpload } from '../../shared/relay/open-upload.ts';
import { uploadSlices } from '../../shared/relay/upload-slices.ts';
import type { StepTime } from '../../shared/services.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { answer } from '../child.ts';
import { BUCKET, environmentOf, type Load, type Place } from '../place.ts';
import { type Usage, usageOf } from '../usage.ts';

/** The relay as it is deployed: event, state machine and functions in one process, everything else elsewhere. */
export type RelayContender = typeof tasks;

export type RelayOptions = {
  readonly place: Place;
  /** Over the defaults of the configuration. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the folder of S3's buckets is: the endpoint here reads only, and a backfill has a report. */
  readonly root?: string;
  /** So many slices in flight, always; without it the pace finds its own. */
  readonly fixedPace?: number;
};

/** What was called since the last time it was asked. */
export type Counted = {
  readonly dynamodb: Readonly<Record<string, number>>;
  readonly lambda: Readonly<Record<string, number>>;
  readonly transitions: number;
};

export type Handout = { readonly loads: readonly Load[]; readonly calls: number; readonly batch: number };

const dataDir = mkdtempSync(join(tmpdir(), 'relay-bench-'));
process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
let stack: Stack;
let invocations: Invocation[] = [];
let events = 0;
let requests: string[] = [];

const tasks = {
  async open({ place, env, fixedPace, root }: RelayOptions): Promise<void> {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const s3 = new S3Client({ endpoint: place.s3, region: 'us-east-1', forcePathStyle: true, credentials });
    stack = await startStack({
      dataDir,
      env: { ...environmentOf(place), ...env },
      machine: { pauseMs: 50, onInvocation: (invocation) => invocations.push(invocation) },
      wiring: {
        dynamodb: countingClient(place.dynamodb),
        ...(root !== undefined && { s3, files: reportFilesInFolder(root, s3) }),
      },
    });
    const now = () => performance.now();
    // only a sweep wants this: it is no setting of the relay
    if (fixedPace !== undefined) {
      const pace = openPace({ start: fixedPace, least: fixedPace, most: fixedPace, now });
      Object.assign(stack.services, { pace });
    }
  },

  /** From the event until the object is stored and proven by the relay. */
  async run({ key }: Load): Promise<Usage> {
    const event = await eventOf(key);
    return usageOf(async () => {
      await deliver(event);
      await stack.machine.idle();
    });
  },

  /** Many objects as the queue hands them out: so many calls of object-created at once, each with a batch of events. */
  async runAll({ loads, calls, batch }: Handout): Promise<Usage> {
    const waiting = await Promise.all(loads.map(({ key }) => eventOf(key)));
    const poller = async () => {
      while (waiting.length > 0) await deliver(...waiting.splice(0, batch));
    };
    return usageOf(async () => {
      await Promise.all(Array.from({ length: calls }, poller));
      await stack.machine.idle();
    });
  },

  /** All that lies under the prefix, as a backfill of the defaults carries it. */
  async backfill(prefix: string): Promise<Usage> {
    const source = { kind: 'bucket', bucket: BUCKET, prefix } as const;
    const filters = { include: [], exclude: [] };
    return usageOf(async () => {
      const asked = { mode: 'carry', source, filters, ...BACKFILL_DEFAULTS } as const;
      const { id } = await beginBackfill(asked, '', stack.services);
      const { status, error } = await stack.backfills.ended(id);
      if (status !== 'succeeded') throw error ?? new Error(`the backfill ${status}`);
    });
  },

  /** Opens the upload and plans it, for whoever carries the windows. */
  async begin({ key }: Load) {
    const { object } = await stack.services.source.pin({ bucket: BUCKET, key }, never);
    const { target, options } = destinationOf(stack.services.config, key);
    const source = { kind: 's3', ...object, sequencer: '01' } as const;
    const { id } = await registerTransfer(source, { target, options }, stack.services, { restart: false });
    await openUpload({ transferId: id, reopens: 0, windowsUsed: 0 }, stack.services, time);
    const listed = await listSlices({ transferId: id, ...unlisted }, stack.services, time);
    if (listed.kind !== 'missing') throw new Error(`the listing of ${key} is ${listed.kind}`);
    return { transferId: id, windows: listed.windows };
  },
  async carry(input: {
    readonly transferId: string;
    readonly window: { readonly offset: number; readonly length: number };
  }) {
    await uploadSlices({ ...input, retries: 0 }, stack.services, time);
  },
  async end({ transferId }: { readonly transferId: string }): Promise<void> {
    const input = { transferId, reopens: 0, gaps: 0, windowsUsed: 0, how: 'sent' } as const;
    const { kind } = await finishUpload(input, stack.services, time);
    if (kind !== 'stored') throw new Error(`finishing ended ${kind}`);
  },
  async resume({ transferId }: { readonly transferId: string }): Promise<void> {
    await stack.machine.start(`${transferId}-again`, { transferId });
    await stack.machine.idle();
  },

  counted(): Counted {
    const states = invocations.map(({ state }) => state);
    const counted = {
      dynamodb: tally(requests),
      lambda: tally([...states, ...Array.from({ length: events }, () => 'ObjectCreated')]),
      transitions: transitionsOf(invocations),
    };
    [invocations, requests, events] = [[], [], 0];
    return counted;
  },
  peakRssMiB: () => process.resourceUsage().maxRSS / 1_024,
};

const never = new AbortController().signal;
const time: StepTime = { stop: never, signal: never };
const unlisted = { reopens: 0, round: 0, gaps: 0, windowsUsed: 0 };

async function eventOf(key: string) {
  const { object } = await stack.services.source.pin({ bucket: BUCKET, key }, AbortSignal.timeout(60_000));
  const { size, etag } = object;
  return objectCreatedEvent({ bucket: BUCKET, key, size, etag, sequencer: '01' });
}

/** One call of object-created. */
async function deliver(...all: readonly unknown[]): Promise<void> {
  events += 1;
  await stack.deliver(...all);
}

function countingClient(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  client.middlewareStack.add(
    (next, { commandName }) =>
      (given) => {
        requests.push(String(commandName).replace(/Command$/, ''));
        return next(given);
      },
    { step: 'finalizeRequest' },
  );
  return client;
}

const tally = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(names, (name) => name)).map(([name, all]) => [name, all?.length ?? 0]),
  );

/** Every state entered: a task outside the Map is followed by a Choice; then the Map, the wait, the end. */
function transitionsOf(all: readonly Invocation[]): number {
  if (all.length === 0) return 0;
  const outputs = all.map(({ output = '{}' }) => JSON.parse(output) as { kind?: string } | null); // a step's outcome
  const maps = all.filter(
    ({ state }, index) => state === 'ListSlices' && outputs[index]?.kind === 'missing',
  ).length;
  const waits = outputs.filter((output) => output?.kind === 'gap').length;
  const choices = all.filter(({ state }) => state !== 'UploadSlices').length;
  return all.length + choices + maps + waits + 1;
}

answer(tasks);
