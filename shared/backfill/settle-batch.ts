import { load } from '../records/change-transfer.ts';
import type { BackfillServices } from '../services.ts';
import type { BatchOutcome, BatchState } from './carry-batch.ts';
import { lineOf } from './line-of-transfer.ts';
import { tallyOf } from './outcome-line.ts';

/** What became of the large objects of a batch: their records say so, whatever their executions answered. */
export async function settleBatch(state: BatchState, services: BackfillServices): Promise<BatchOutcome> {
  const { BatchInput: job, large, afterwards } = state;
  const lines = [];
  for (const { transferId } of large) lines.push(lineOf(await load(services, transferId)));
  await services.jobs.addTally(job.jobId, services.newId(), tallyOf(lines));
  return { ...state, lines: [...state.lines, ...lines], large: [], next: afterwards };
}
