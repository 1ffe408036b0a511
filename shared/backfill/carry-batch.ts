import * as z from 'zod';
import { backfillInput } from '../records/backfill-job.ts';
import type { BackfillServices, StepTime } from '../services.ts';
import type { Carried } from './carry-listed.ts';
import { openFilter } from './filters.ts';
import { inRoom } from './in-room.ts';
import { leaveBegun } from './leave-begun.ts';
import { type OutcomeLine, outcomeLine, tallyOf } from './outcome-line.ts';
import { filteredLine, leftLine, marking, type Read, readLoad } from './read-batch.ts';
import { takeUp } from './take-up.ts';

/** What goes from state to state of a batch: the items still to do, the lines of those that are done. */
export const batchState = z.object({
  BatchInput: backfillInput()
    .pick({ jobId: true, mode: true, source: true, filters: true, startedAt: true })
    .extend({ pass: z.enum(['first', 'left']) }),
  Items: z.array(z.unknown()),
  lines: z.array(outcomeLine).default([]),
  large: z.array(z.object({ key: z.string(), transferId: z.string(), execution: z.string() })).default([]),
  /** How often what passes was tried, this time counted. */
  round: z.number().default(1),
  /** How often large ones were waited for. */
  waited: z.number().default(0),
  /** After the large ones. */
  afterwards: z.enum(['again', 'rest', 'held-back', 'done']).default('done'),
  /** When the day is over whose egress budget is used up (ISO 8601); long ago if it is not. */
  heldUntil: z.string().optional(),
});
export type BatchState = z.infer<typeof batchState>;

export type BatchOutcome = BatchState & { readonly next: 'large' | 'wait' | BatchState['afterwards'] };
/** The first pass leaves what it has not done for the second. */
type FirstOutcome = { readonly report: readonly OutcomeLine[] };

/** Trouble that passes is tried this often, half a minute apart, besides the tries within each. */
const ROUNDS = 5;
/** Objects of a batch at once. */
const AT_ONCE = 10;

/**
 * Carries the small objects of a batch and registers the large ones. What there was no time for, and what met trouble
 * that passes, is left: for the second pass, or in `Items` for its next round. An object never fails the batch: its line
 * says why.
 */
export async function carryBatch(
  state: BatchState,
  services: BackfillServices,
  time: StepTime,
): Promise<BatchOutcome | FirstOutcome> {
  const { BatchInput: job } = state;
  const worked = await workThrough(state, services, time);
  await services.jobs.addTally(job.jobId, services.newId(), tallyOf(worked.lines));
  return job.pass === 'first' ? firstOutcome(worked) : nextState(state, worked);
}

type Load = Extract<Read, { kind: 'load' }>;
type Worked = {
  readonly lines: readonly OutcomeLine[];
  readonly ready: readonly Load[];
  /** By item; of what there was no time for, nothing. */
  readonly done: ReadonlyMap<unknown, Carried>;
};

async function workThrough(
  { BatchInput: job, Items, round }: BatchState,
  services: BackfillServices,
  time: StepTime,
): Promise<Worked> {
  const counts = openFilter(job.filters);
  const asked = { job, counts, last: job.pass === 'left' && round >= ROUNDS };
  const read = Items.map((item) => readLoad(item, job, counts, services));
  const ready = read.filter((load) => load.kind === 'load');
  const done = new Map<unknown, Carried>();
  const room = { bytes: services.settings.smallObjectMax, count: AT_ONCE };
  await inRoom(ready, room, time.stop, async (load) => {
    const carried = await takeUp(load.object, asked, services, time);
    done.set(load.item, carried);
    await leaveBegun(load.begun, carried, services);
  });
  const results = [...done.values()];
  const lines = [
    ...filteredLine(read, results),
    ...read.flatMap((load) => (load.kind === 'bad' ? [load.line] : [])),
    ...results.flatMap((one) => (one.kind === 'line' && one.line.outcome !== 'filtered' ? [one.line] : [])),
  ];
  return { lines, ready, done };
}

const firstOutcome = ({ lines, ready, done }: Worked): FirstOutcome => ({
  report: [
    ...lines,
    ...ready
      .filter(({ item }) => done.get(item)?.kind !== 'line')
      .map((load) => leftLine(load, done.get(load.item))),
  ],
});

function nextState(state: BatchState, { lines, ready, done }: Worked): BatchOutcome {
  const again = ready.filter(({ item }) => done.get(item)?.kind === 'again');
  const rest = ready.filter(({ item }) => !done.has(item));
  const held = ready.filter(({ item }) => done.get(item)?.kind === 'held-back');
  const days = [...done.values()].flatMap((one) => (one.kind === 'held-back' ? [one.until] : []));
  const large = [...done.values()].flatMap((one) => (one.kind === 'large' ? [one.large] : []));
  const isHeld = held.length > 0 && again.length + rest.length === 0;
  const afterwards = again.length > 0 ? 'again' : rest.length > 0 ? 'rest' : isHeld ? 'held-back' : 'done';
  return {
    ...state,
    Items: [...again, ...rest, ...held].map((load) => marking(load, done.get(load.item))),
    lines: [...state.lines, ...lines],
    large,
    // the next day brings new tries
    round: isHeld ? 1 : again.length > 0 ? state.round + 1 : state.round,
    heldUntil: new Date(Math.max(0, ...days)).toISOString(),
    afterwards,
    next: large.length > 0 ? 'large' : afterwards,
  };
}
