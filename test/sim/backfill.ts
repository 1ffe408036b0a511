import { type BatchOutcome, type BatchState, carryBatch } from '../../shared/backfill/carry-batch.ts';
import type { OutcomeLine } from '../../shared/backfill/outcome-line.ts';
import { settleBatch } from '../../shared/backfill/settle-batch.ts';
import { deadlines } from '../../shared/lambda/deadline.ts';
import type { StepTime } from '../../shared/services.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { pause } from './client.ts';
import { count } from './coverage.ts';
import type { ObjectVersion } from './models/bucket.ts';
import type { Act } from './plan.ts';
import type { Run } from './run.ts';
import { KEYS } from './world.ts';

/** As in the template, in ms. */
const FUNCTION_MS = 900_000;
/** As in `backfill.asl.yml`, in ms. */
const [PAUSE_MS, PAUSE_LARGE_MS, RETRY_MS] = [30_000, 60_000, 5_000];
const RETRIES = 12;
/** More states of one batch than this are one that never shrinks. */
const MOST_STATES = 100;

type Listing = Extract<Act, { kind: 'backfill' }>;
type Call = <T>(what: string, work: (own: Wired, time: StepTime) => Promise<T>) => Promise<T>;

/**
 * A backfill of all keys, as both passes of `backfill.asl.yml` carry one batch: what is listed now is looked at `waitMs` later,
 * beside whatever events say of the same keys meanwhile. Throws when a batch comes to no end.
 */
export async function backfill(run: Run, { by, waitMs }: Listing): Promise<void> {
  const { world, coverage } = run;
  world.seen.backfills += 1;
  const jobId = `backfill${world.seen.backfills}`;
  const found = KEYS.flatMap((key) => world.bucket.find(key) ?? []);
  const items = found.map(by === 'bucket' ? asListed : asNamed);
  const source =
    by === 'bucket'
      ? { kind: 'bucket' as const, bucket: 'source', prefix: '' }
      : { kind: 'lines' as const, bucket: 'source', list: { bucket: 'reports', key: 'list.jsonl' } };
  const filters = { include: [], exclude: [] };
  const job = { jobId, mode: 'carry' as const, source, filters, startedAt: Date.now() };
  await pause(waitMs);

  const call = callsOf(run, jobId, aboutOf(run, found));
  const first = await call('first', (own, time) =>
    carryBatch(stateOf({ ...job, pass: 'first' }, items), own, time),
  );
  const lines = 'report' in first ? first.report : first.lines;
  const left = lines.flatMap(({ outcome, item }) => (outcome === 'left' ? [item] : []));
  const more = left.length > 0 ? await carryLeft(run, call, stateOf({ ...job, pass: 'left' }, left)) : [];
  for (const { outcome } of [...lines, ...more]) count(coverage, `backfill: ${outcome}`);
}

const asListed = ({ key, bytes, lastModified }: ObjectVersion): object => ({
  Key: key,
  Size: bytes?.length ?? 0,
  LastModified: lastModified / 1_000,
  StorageClass: 'STANDARD',
});

const asNamed = ({ key, versionId }: ObjectVersion): object => ({ key, ...(versionId && { versionId }) });

const stateOf = (BatchInput: BatchState['BatchInput'], Items: unknown[]): BatchState => ({
  BatchInput,
  Items,
  lines: [],
  large: [],
  round: 1,
  waited: 0,
  afterwards: 'done',
});

/** The version that a batch is about, where it is about one. */
function aboutOf({ world }: Run, [one, ...others]: readonly ObjectVersion[]): string {
  const version = world.versions.find(({ object }) => object === one);
  return others.length === 0 && version ? version.content : 'listing';
}

/** Each state of the flow is a Lambda of its own, tried again when it was killed or met trouble that passes. */
function callsOf(run: Run, jobId: string, about: string): Call {
  let calls = 0;
  return async (what, work) => {
    for (let tries = 1; ; tries += 1) {
      calls += 1;
      try {
        return await run.live(`${jobId}-${what}${calls}`, about, FUNCTION_MS, (own, context) =>
          work(own, deadlines(context)),
        );
      } catch (error) {
        if (tries > RETRIES) throw error;
        await pause(RETRY_MS);
      }
    }
  };
}

/** The states of the second pass, from CarryBatch to Carry. */
async function carryLeft(run: Run, call: Call, from: BatchState): Promise<readonly OutcomeLine[]> {
  const carry = (state: BatchState) =>
    // the second pass has no report of its own
    call('left', (own, time) => carryBatch(state, own, time)) as Promise<BatchOutcome>;
  let state = await carry(from);
  for (let states = 1; state.next !== 'done'; states += 1) {
    if (states > MOST_STATES) throw new Error(`${MOST_STATES} states of a batch were not enough`);
    state = await stateAfter(state, run, {
      carry,
      settle: (now) => call('settle', (own) => settleBatch(now, own)),
    });
  }
  return state.lines;
}

type Steps = {
  carry(state: BatchState): Promise<BatchOutcome>;
  settle(state: BatchState): Promise<BatchOutcome>;
};

async function stateAfter(
  state: BatchOutcome,
  { machine }: Run,
  { carry, settle }: Steps,
): Promise<BatchOutcome> {
  const { next } = state;
  if (next === 'large') {
    for (const { execution, transferId } of state.large) {
      await machine.start(execution, { transferId });
      await machine.executions.get(execution)?.ended;
    }
    return settle(state);
  }
  if (next === 'rest') return carry(state);
  await pause(next === 'wait' ? PAUSE_LARGE_MS : PAUSE_MS);
  return next === 'wait' ? settle(state) : carry(state);
}
