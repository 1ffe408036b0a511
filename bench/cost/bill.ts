import { GIB } from '../../shared/cost/cost-of-transfer.ts';
import { PRICES } from '../../shared/cost/prices.ts';
import { planSlices, type Slice, totalBytes } from '../../shared/slices/slices.ts';
import { planWindows, slicesOf } from '../../shared/slices/windows.ts';
import { readRanges } from '../../shared/worker/read-slices.ts';
import counts from '../counts.json' with { type: 'json' };

/** Objects of one size, and how they are carried. Sizes in bytes, memory in MiB. */
export type Relay = {
  readonly objects: number;
  readonly size: number;
  /** Events that a call of object-created gets, and such calls at once. */
  readonly batch: number;
  readonly batchesAtOnce: number;
  /** One worker's, in bytes a second. */
  readonly rate: number;
  readonly sliceSize: number;
  readonly windowBytes: number;
  readonly maxWindows: number;
  readonly workers: number;
  readonly readBytes: number;
  readonly smallObjectMax: number;
  /** Larger objects are not begun, in bytes. */
  readonly maxObjectBytes: number;
  readonly watchMs: number;
  readonly progressMs: number;
  readonly memory: Readonly<Record<FunctionName, number>>;
  /** How long upload-slices may run, in s. */
  readonly timeoutS: number;
};
type FunctionName = 'object-created' | 'open-upload' | 'list-slices' | 'upload-slices' | 'finish-upload';

export type Line = {
  readonly what: string;
  readonly count: number;
  readonly unit: string;
  readonly dollars: number;
};
export type Bill = {
  readonly windows: number;
  readonly windowBytes: number;
  readonly lines: readonly Line[];
  /** In dollars, without egress. */
  readonly total: number;
  readonly egress: Line;
  /** From the event to the receipt: of one large object, of all small ones. */
  readonly hours: number;
};

/** What the counts rest on where nothing is planned: seconds and bytes seen on a laptop, rounded up. */
const ASSUMED = {
  /** Of a call besides its bytes: start, table, first and last slice, in s. */
  overheadS: 0.5,
  stepS: 2,
  /** To list, compare and plan, in s for a million slices. */
  listS: 5,
  /** Of the deadline, in s; shared/lambda/deadline.ts keeps it. */
  reserveS: 20,
  /** Written by Lambda and by us in one call, in bytes. */
  logBytes: 1_500,
  /** A transfer's item with its index entry, in write units; its writes besides one for each list. */
  transferUnits: 4,
  transferWrites: 5,
  /** A window's item, in bytes: what a query over them reads. */
  windowItem: 500,
  /** What a small object's items take in write units: its transfer and its entry in the index 1 each, its target twice 1. */
  smallWriteUnits: 4,
  /** What a small object writes to the log: its line (test/unit/metrics.test.ts) and its share of its call's, in bytes. */
  smallLogBytes: 700,
};

/** What `npm run bench -- --only calls` counted for a fresh object, without what its windows take. */
const COUNTED = fixedCalls(counts.cases.fresh);

function fixedCalls({ dynamodb, lambda, s3 }: typeof counts.cases.fresh) {
  const { UploadSlices: workers, ListSlices: lists } = lambda; // each writes once, each worker reads once
  return {
    targetWrites: dynamodb.PutItem - workers - lists - ASSUMED.transferWrites,
    reads: dynamodb.GetItem + dynamodb.Query - workers,
    heads: s3.head,
  };
}

/** What a small object was counted to take, in a batch of its like. */
const SMALL = perObject(counts.cases.smallBatch, counts.batch);

function perObject({ dynamodb, s3 }: typeof counts.cases.smallBatch, batch: number) {
  return { reads: dynamodb.GetItem / batch, gets: (s3.head + s3.get) / batch };
}

/** The bill of the objects: counts from the planner that runs, times public prices. */
export function billOf(relay: Relay): Bill {
  const { objects } = relay;
  const batches = Math.ceil(objects / relay.batch);
  const isSmall = relay.size <= relay.smallObjectMax;
  const work = isSmall ? smallWork(relay, batches) : slicedWork(relay, batches);
  const lines = [
    line('Lambda, duration', work.gbSeconds, 'GB-s', PRICES.lambdaGbSecond),
    line('Lambda, requests', work.calls, 'requests', PRICES.lambdaRequest),
    line('Step Functions', work.transitions, 'transitions', PRICES.transition),
    line('DynamoDB, writes', work.writes, 'units', PRICES.dynamoWrite),
    line('DynamoDB, reads', work.reads, 'units', PRICES.dynamoRead),
    line('S3, GET and HEAD', work.gets, 'requests', PRICES.s3Get),
    // each event is sent by itself, received and deleted with its batch
    line('SQS', objects + 2 * batches, 'requests', PRICES.sqsRequest),
    line('CloudWatch Logs', work.logBytes / GIB, 'GB', PRICES.logsGb),
  ];
  return {
    windows: work.windows,
    windowBytes: work.windowBytes,
    lines,
    total: lines.reduce((sum, { dollars }) => sum + dollars, 0),
    egress: line('Egress to the internet', (objects * relay.size) / GIB, 'GB', PRICES.egressGb),
    hours: work.seconds / 3_600,
  };
}

type Work = {
  readonly windows: number;
  readonly windowBytes: number;
  readonly gbSeconds: number;
  readonly calls: number;
  /** Written to the log. */
  readonly logBytes: number;
  readonly transitions: number;
  readonly writes: number;
  readonly reads: number;
  readonly gets: number;
  readonly seconds: number;
};

const gb = (memory: number): number => memory / 1_024;
const line = (what: string, count: number, unit: string, price: number): Line => ({
  what,
  count,
  unit,
  dollars: count * price,
});

/** object-created carries them, a batch a call, one request each; no machine. */
function smallWork({ objects, size, rate, memory, batch, batchesAtOnce }: Relay, batches: number): Work {
  const seconds = ASSUMED.overheadS + (Math.min(objects, batch) * size) / rate;
  return {
    windows: 0,
    windowBytes: 0,
    gbSeconds: gb(memory['object-created']) * seconds * batches,
    calls: batches,
    logBytes: objects * ASSUMED.smallLogBytes,
    transitions: 0,
    writes: objects * ASSUMED.smallWriteUnits,
    reads: objects * SMALL.reads,
    gets: objects * (size === 0 ? 1 : SMALL.gets),
    seconds: seconds * Math.ceil(batches / batchesAtOnce),
  };
}

function slicedWork(relay: Relay, batches: number): Work {
  const { objects, size, sliceSize, rate, memory, workers } = relay;
  const all = planSlices(size, sliceSize);
  // rounds: what a worker could not send before its deadline is listed and handed out again
  const bytesPerCall = Math.floor(((relay.timeoutS - ASSUMED.reserveS) * rate) / sliceSize) * sliceSize;
  if (bytesPerCall < sliceSize)
    throw new RangeError('at this rate a worker cannot send one slice in its time');
  let [left, rounds, calls, sentS, gets] = [all, 0, 0, 0, 0];
  let first = { windows: 0, windowBytes: 0 };
  while (left.length > 0) {
    const windows = planWindows(left, sliceSize, {
      windowBytes: relay.windowBytes,
      maxWindows: relay.maxWindows,
      spread: workers,
    });
    if (rounds === 0) first = { windows: windows.length, windowBytes: windows[0]?.length ?? 0 };
    const rest: Slice[] = [];
    for (const window of windows) {
      const slices = slicesOf(window, size, sliceSize);
      const sent = slices.slice(0, bytesPerCall / sliceSize);
      for (const slice of slices.slice(sent.length)) rest.push(slice);
      gets += readRanges(sent, relay.readBytes).length;
      sentS += ASSUMED.overheadS + totalBytes(sent) / rate;
    }
    calls += windows.length;
    rounds += 1;
    left = rest;
  }

  const lists = rounds + 1; // the last one finds nothing missing
  const listS = ASSUMED.stepS + (all.length / 1e6) * ASSUMED.listS;
  const steps = 1 + lists + 1; // open, list, finish
  const each = {
    gbSeconds:
      gb(memory['upload-slices']) * sentS +
      gb(memory['list-slices']) * listS * lists +
      (gb(memory['open-upload']) + gb(memory['finish-upload'])) * ASSUMED.stepS,
    // each step but the workers is followed by a Choice; a round has its Map; Stored is a state as well
    transitions: 2 * steps + rounds + calls + 1,
    writes:
      ASSUMED.transferUnits * (ASSUMED.transferWrites + lists) +
      COUNTED.targetWrites +
      calls +
      Math.floor(sentS / (relay.progressMs / 1_000)),
    reads:
      COUNTED.reads +
      calls +
      Math.ceil(sentS / (relay.watchMs / 1_000)) +
      Math.ceil(((lists + 1) * calls * ASSUMED.windowItem) / 4_096),
    gets: gets + COUNTED.heads,
  };
  return {
    ...first,
    gbSeconds: each.gbSeconds * objects + gb(memory['object-created']) * ASSUMED.overheadS * batches,
    calls: (steps + calls) * objects + batches,
    logBytes: (1 + steps + calls) * objects * ASSUMED.logBytes,
    transitions: each.transitions * objects,
    writes: each.writes * objects,
    reads: each.reads * objects,
    gets: each.gets * objects,
    seconds: ASSUMED.stepS * 2 + listS * lists + sentS / Math.min(workers, first.windows),
  };
}
