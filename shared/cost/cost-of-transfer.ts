import { PRICES } from './prices.ts';

/** What a transfer of an S3 object did, of all its attempts. Sizes in bytes, times in ms. */
export type TransferWork = {
  readonly how: 'sent' | 'direct' | 'instant' | 'skipped';
  /** Executions that worked on it, the first one counted. */
  readonly attempts: number;
  readonly size: number;
  /** So small that a batch of its like carried it, without the machine. */
  readonly small: boolean;
  /** Each call of a worker: what it sent, and how long it took where that was written down. */
  readonly windows: readonly { readonly sentBytes: number; readonly tookMs?: number | undefined }[];
  /** One ranged read of S3. */
  readonly readBytes: number;
};

/** In US dollars by list prices: an estimate, no bill. */
export type TransferCost = {
  /** All of AWS but egress. */
  readonly aws: number;
  readonly egress: number;
  /** Of which month and region the prices are. */
  readonly prices: string;
};

/** Memory as in serverless.yml, in GB; a test compares them. */
export const MEMORY_GB = {
  'object-created': 0.5,
  'carry-batch': 0.5,
  'upload-slices': 0.625,
  'open-upload': 0.5,
  'list-slices': 0.5,
  'finish-upload': 0.25,
} as const;

export const GIB = 1_073_741_824;
/** What one worker carries where nothing says how long it took, in bytes a second. */
export const RATE = 10 * 1_048_576;
/** Of a call besides its bytes and of a step of the machine, in s; of a small object in its batch of ten. */
const SECONDS = { call: 0.5, step: 2, small: 0.05 } as const;
const LOG_BYTES = { call: 1_500, small: 700 } as const;

/**
 * What bench/counts.json counted, in requests and in units of DynamoDB (an item of a large transfer takes several): of a small
 * object, a tenth of its batch; of a large one besides its windows, by its event and by each execution.
 */
const COUNTED = {
  small: { writes: 4, reads: 2, gets: 1, head: 1, calls: 0.1, messages: 1.2 },
  event: { writes: 4, reads: 1, gets: 1, calls: 1, messages: 3 },
  execution: { transitions: 10, writes: 28, reads: 18, gets: 2, calls: 4 },
  window: { transitions: 1, writes: 1, reads: 1, calls: 1 },
} as const;

/** Requests and units, as they are billed. */
export type BilledCalls = {
  readonly transitions: number;
  readonly writes: number;
  readonly reads: number;
  readonly gets: number;
  readonly calls: number;
  readonly messages: number;
};

/** Counts of the requests, from what was counted once and from what the workers wrote down. */
export function callsOf(work: TransferWork): BilledCalls {
  const { how, small: isSmall, attempts, windows, size, readBytes } = work;
  const { small, event, execution, window } = COUNTED;
  if (isSmall) return { ...small, transitions: 0, gets: how === 'direct' ? small.gets : small.head };
  const read = how === 'instant' ? Math.ceil(size / readBytes) : 0; // for the SHA-1 that COS knew
  const ranges = windows.reduce((sum, { sentBytes }) => sum + Math.ceil(sentBytes / readBytes), read);
  const each = windows.length;
  return {
    transitions: attempts * execution.transitions + each * window.transitions,
    writes: event.writes + attempts * execution.writes + each * window.writes,
    reads: event.reads + attempts * execution.reads + each * window.reads,
    gets: event.gets + attempts * execution.gets + ranges,
    calls: event.calls + attempts * execution.calls + each * window.calls,
    messages: event.messages,
  };
}

/** What a transfer cost: its calls and its bytes, times the price table. */
export function costOfTransfer(work: TransferWork): TransferCost {
  const calls = callsOf(work);
  const logBytes = work.small ? LOG_BYTES.small : calls.calls * LOG_BYTES.call;
  const aws =
    calls.transitions * PRICES.transition +
    calls.writes * PRICES.dynamoWrite +
    calls.reads * PRICES.dynamoRead +
    calls.gets * PRICES.s3Get +
    calls.calls * PRICES.lambdaRequest +
    calls.messages * PRICES.sqsRequest +
    (work.small ? smallGbSeconds(work) : gbSeconds(work)) * PRICES.lambdaGbSecond +
    (logBytes / GIB) * PRICES.logsGb;
  const sent =
    work.how === 'direct' ? work.size : work.windows.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  return {
    aws: rounded(aws),
    egress: rounded((sent / GIB) * PRICES.egressGb),
    prices: `${PRICES.date}, ${PRICES.region}`,
  };
}

const smallGbSeconds = ({ how, size }: TransferWork): number =>
  MEMORY_GB['object-created'] * (SECONDS.small + (how === 'direct' ? size / RATE : 0));

function gbSeconds({ attempts, windows }: TransferWork): number {
  const sending = windows.reduce(
    (sum, { sentBytes, tookMs }) =>
      sum + SECONDS.call + (tookMs === undefined ? sentBytes / RATE : tookMs / 1_000),
    0,
  );
  const steps = MEMORY_GB['open-upload'] + 2 * MEMORY_GB['list-slices'] + MEMORY_GB['finish-upload'];
  return (
    MEMORY_GB['upload-slices'] * sending +
    attempts * SECONDS.step * steps +
    SECONDS.call * MEMORY_GB['object-created']
  );
}

/** More than six digits are more than an estimate is worth. */
const rounded = (dollars: number): number => Number(dollars.toPrecision(6));
