import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { BackfillJob, BackfillSummary, Tally } from '../../shared/records/backfill-job.ts';
import type { BackfillServices } from '../../shared/services.ts';

/** How often the job is looked at, in ms; on AWS two calls of Step Functions and one query each. A short one is over sooner. */
const LOOK_MS = 2_000;
const FIRST_LOOK_MS = 200;
const MIB = 1_048_576;

type Watched = Pick<BackfillServices, 'jobs' | 'backfills'>;

/** Shows how a job goes on until it is over, or nobody wants to know. Undefined without a summary. */
export async function watchJob(
  { id, createdAt }: BackfillJob,
  services: Watched,
  signal: AbortSignal,
): Promise<BackfillSummary | undefined> {
  const bar = openBar(createdAt);
  try {
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LOOK_MS, 2 * pause)) {
      const run = await services.backfills.look(id);
      bar.show(await services.jobs.tally(id), run?.objects?.total);
      const over = run !== undefined && run.status !== 'running';
      const summary = (await services.jobs.get(id))?.summary;
      if (over || signal.aborted) return summary;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    bar.stop();
  }
}

function openBar(since: number) {
  const bar = new SingleBar({
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LOOK_MS,
    hideCursor: true,
    format: '{bar} {done}/{all} objects | {mib} MiB | {rate}/s | {left} left{failures}',
  });
  let running = false;
  return {
    show(tally: Tally, total: number | undefined): void {
      if (total === undefined) return;
      const { objects, bytes } = sumOf(tally);
      const rate = objects / Math.max(1, (Date.now() - since) / 1_000);
      const figures = {
        done: objects,
        all: total,
        mib: (bytes / MIB).toFixed(1),
        rate: rate.toFixed(1),
        left: rate > 0 ? `${Math.ceil(Math.max(0, total - objects) / rate)} s` : '…',
        failures: tally.failures.map(({ error, objects: count }) => ` | ${count} x ${error}`).join(''),
      };
      if (!running) bar.start(total, Math.min(objects, total), figures);
      else bar.update(Math.min(objects, total), figures);
      running = true;
    },
    stop(): void {
      if (running) bar.stop();
      running = false;
    },
  };
}

function sumOf({ outcomes }: Tally): { objects: number; bytes: number } {
  const all = Object.values(outcomes);
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
  return { objects: sum(({ objects }) => objects), bytes: sum(({ bytes }) => bytes) };
}
