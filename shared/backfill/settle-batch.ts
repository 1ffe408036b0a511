import { load } from '../records/change-transfer.ts';
import { isActive } from '../records/transfer.ts';
import type { BackfillServices } from '../services.ts';
import type { BatchOutcome, BatchState } from './carry-batch.ts';
import { lineOf } from './line-of-transfer.ts';
import { type OutcomeLine, tallyOf } from './outcome-line.ts';

/** So often one that still runs is waited for, a minute each: eight hours. */
const WAITS = 480;

/**
 * What became of the large objects of a batch: their records say so, whatever their executions answered. One that still
 * runs has an execution that another backfill began: it is waited for.
 */
export async function settleBatch(state: BatchState, services: BackfillServices): Promise<BatchOutcome> {
  const { BatchInput: job, afterwards } = state;
  const settled: OutcomeLine[] = [];
  const large: BatchState['large'] = [];
  for (const one of state.large) {
    const transfer = await load(services, one.transferId);
    if (isActive(transfer) && state.waited < WAITS) large.push(one);
    else settled.push(lineOf(transfer));
  }
  await services.jobs.addTally(job.jobId, services.newId(), tallyOf(settled));
  const lines = [...state.lines, ...settled];
  if (large.length > 0) return { ...state, lines, large, waited: state.waited + 1, next: 'wait' };
  return { ...state, lines, large, waited: 0, next: afterwards };
}
