import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { asError } from '../../../shared/errors.ts';
import { childInputs } from './batch-items.ts';
import type { Child } from './child.ts';
import type { MapState } from './map-state.ts';
import { failure, lookUp, type Scope } from './payload-template.ts';
import { readItems } from './read-items.ts';
import { type PutText, writeResults } from './write-results.ts';

export type MapWorld = {
  readonly s3: S3Client;
  readonly put: PutText;
  /** Runs the child workflow; rejects when it fails, and when the signal fires. */
  readonly runChild: (input: unknown, name: string, signal: AbortSignal) => Promise<unknown>;
};

/** One run of a Distributed Map, and what DescribeMapRun, UpdateMapRun and a redrive do with it. Counts are of items. */
export type MapRun = {
  readonly counts: () => { readonly total: number; readonly ended: number; readonly concurrency: number };
  setConcurrency(concurrency: number): void;
  /** Ends the run with States.Aborted; children under way are aborted. */
  stop(): void;
  /**
   * Runs all children and puts out what the state puts out. Called again after it failed it redrives: children that
   * succeeded keep their outputs, the others run under their inputs. Throws States.ExceedToleratedFailureThreshold.
   */
  run(): Promise<unknown>;
};

export function openMapRun(state: MapState, scope: Scope, world: MapWorld): MapRun {
  let children: Child[] | undefined;
  let concurrency = concurrencyOf(state, scope);
  let aborted = new AbortController();
  let wake = (): void => undefined;
  const itemsOf = (...kinds: Child['status'][]) =>
    (children ?? []).reduce((sum, { status, items }) => sum + (kinds.includes(status) ? items : 0), 0);

  const start = async (child: Child): Promise<void> => {
    child.status = 'running';
    try {
      child.output = await world.runChild(child.input, child.name, aborted.signal);
      child.status = 'succeeded';
    } catch (error) {
      child.error = asError(error);
      child.status = aborted.signal.aborted ? 'aborted' : 'failed';
    }
  };

  const runAll = async (all: Child[]): Promise<void> => {
    const running = new Set<Promise<void>>();
    for (const child of all.filter(({ status }) => status !== 'succeeded')) {
      while (concurrency > 0 && running.size >= concurrency && !aborted.signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (aborted.signal.aborted) break;
      if (isIntolerable(state, itemsOf('failed'), total(all))) {
        aborted.abort(); // as AWS: what still runs is stopped, what waits is not begun
        break;
      }
      const one = start(child).finally(() => {
        running.delete(one);
        wake();
      });
      running.add(one);
    }
    await Promise.all(running);
  };

  return {
    counts: () => ({
      total: total(children ?? []),
      ended: itemsOf('succeeded', 'failed', 'aborted'),
      concurrency,
    }),
    setConcurrency(given) {
      concurrency = given;
      wake();
    },
    stop() {
      aborted.abort();
      wake();
    },
    async run() {
      aborted = new AbortController();
      children ??= childInputs(state, await readItems(state, scope, world.s3), scope).map(
        (given): Child => ({ name: randomUUID(), ...given, status: 'waiting' }),
      );
      for (const child of children) if (child.status !== 'succeeded') child.status = 'waiting';
      await runAll(children);
      const output = await writeResults(state, children, scope, world.put);
      if (isIntolerable(state, itemsOf('failed'), total(children)))
        throw failure('States.ExceedToleratedFailureThreshold', `${itemsOf('failed')} items failed`);
      if (aborted.signal.aborted) throw failure('States.Aborted', 'the map run was stopped');
      return output;
    },
  };
}

const total = (children: readonly Child[]): number => children.reduce((sum, { items }) => sum + items, 0);

function concurrencyOf({ MaxConcurrency, MaxConcurrencyPath }: MapState, scope: Scope): number {
  return MaxConcurrencyPath === undefined ? (MaxConcurrency ?? 0) : Number(lookUp(MaxConcurrencyPath, scope));
}

/** Either of the two thresholds; without one, the first failure fails the run. */
function isIntolerable(state: MapState, failed: number, of: number): boolean {
  const { ToleratedFailureCount: count, ToleratedFailurePercentage: percentage } = state;
  if (failed === 0) return false;
  if (count === undefined && percentage === undefined) return true;
  return (
    (count !== undefined && failed > count) || (percentage !== undefined && (failed / of) * 100 > percentage)
  );
}
