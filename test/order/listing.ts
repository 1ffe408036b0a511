import { setTimeout as sleep } from 'node:timers/promises';
import { localContext } from '../../local/stack/machine.ts';
import { SOURCE_BUCKET, type Stack } from '../../local/stack/stack.ts';
import type { BatchState } from '../../shared/backfill/carry-batch.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';

/** Half a minute on AWS. */
const PAUSE_MS = 15;
const ROUNDS = 400;

type World = { readonly stack: Stack; services(): Wired };
type Outcome = Pick<BatchState, 'Items' | 'lines' | 'large'> & { readonly next: string };

/** A backfill that names this one key, as the second pass of `backfill.asl.yml` carries it; resolves with its outcome. */
export async function carryListing(key: string, { stack, services }: World): Promise<string> {
  const { handler: carry } = await import('../../functions/carry-batch.ts');
  const { handler: settle } = await import('../../functions/settle-batch.ts');
  const call = async (function_: typeof carry | typeof settle, state: object): Promise<Outcome> =>
    (await withServices(services(), () => function_(state, localContext('batch', 60_000)))) as Outcome; // as the flow reads it
  const startedAt = Date.now();
  const job = {
    jobId: `job-${startedAt}`,
    mode: 'carry',
    source: { kind: 'lines', bucket: SOURCE_BUCKET, list: { bucket: 'reports', key: 'list.jsonl' } },
    filters: { include: [], exclude: [] },
    startedAt,
    pass: 'left',
  };
  let state: object = { BatchInput: job, Items: [{ key }] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    let outcome = await call(carry, state);
    if (outcome.next === 'large') {
      for (const { execution, transferId } of outcome.large) {
        await stack.machine.start(execution, { transferId });
        await stack.machine.executions.get(execution)?.ended;
      }
      outcome = await call(settle, outcome);
    }
    if (outcome.next === 'done') return outcome.lines.map((line) => line.outcome).join();
    state = { ...outcome, round: 1 }; // here it is tried until it is through
    await sleep(PAUSE_MS);
  }
  throw new Error(`${ROUNDS} rounds of a listing were not enough`);
}
