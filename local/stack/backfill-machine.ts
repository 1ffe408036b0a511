import type { BackfillMachine, BackfillRun } from '../../shared/services.ts';
import { type Go, type LocalBackfillOptions, openFlow, type Run } from './run-backfill-flow.ts';

export type LocalBackfills = BackfillMachine & {
  /** Resolves when the execution is over, and the calls that it began. */
  ended(name: string): Promise<{ readonly status: BackfillRun['status']; readonly error?: Error }>;
  /** Stops what runs, and resolves when no call of it is under way. */
  close(): Promise<void>;
  /** Runs an execution again that has ended: children of its maps that succeeded are kept. */
  redrive(name: string): void;
};

/** Executions of `backfill.asl.yml` itself, on this machine. */
export function openLocalBackfills(options: LocalBackfillOptions): LocalBackfills {
  let opened: Promise<Go> | undefined;
  const runs = new Map<string, Run>();
  const go = async (name: string, run: Run): Promise<void> => {
    opened ??= openFlow(options);
    await (await opened)(name, run);
  };
  return {
    async start(name, input) {
      if (runs.has(name)) return; // as Step Functions: a name is used once
      const run: Run = {
        input,
        maps: new Map(),
        calls: new Set(),
        status: 'running',
        stopped: new AbortController(),
        ended: Promise.resolve(),
      };
      runs.set(name, run);
      run.ended = go(name, run);
    },
    async look(name) {
      const run = runs.get(name);
      const [first] = run?.maps.values() ?? [];
      return run && { status: run.status, ...(first && { objects: first.counts() }) };
    },
    async setConcurrency(name, concurrency) {
      const map = [...(runs.get(name)?.maps.values() ?? [])].at(-1);
      map?.setConcurrency(concurrency);
      return map !== undefined;
    },
    async stop(name) {
      stopRun(runs.get(name));
      runs.get(name)?.stopped.abort();
    },
    async ended(name) {
      const run = runs.get(name);
      await run?.ended;
      return { status: run?.status ?? 'failed', ...(run?.error && { error: run.error }) };
    },
    async close() {
      for (const run of runs.values()) stopRun(run);
      for (const run of runs.values()) await run.ended;
    },
    redrive(name) {
      const run = runs.get(name);
      if (!run || isRunning(run)) return;
      run.status = 'running';
      run.ended = go(name, run);
    },
  };
}

function stopRun(run: Run | undefined): void {
  if (!run || !isRunning(run)) return;
  run.status = 'stopped';
  run.abort?.();
  for (const map of run.maps.values()) map.stop();
}

const isRunning = ({ status }: Run): boolean => status === 'running';
