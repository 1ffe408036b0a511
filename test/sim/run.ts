import type { Context } from 'aws-lambda';
import { type LocalMachine, openLocalMachine } from '../../local/stack/machine.ts';
import { asError, RelayError } from '../../shared/errors.ts';
import { isActive } from '../../shared/records/transfer.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { perform, sweep } from './acts.ts';
import { type Coverage, count, countTransition, countTrouble } from './coverage.ts';
import { type EventQueue, openEventQueue } from './event-queue.ts';
import { checkEffect } from './invariants/invariants.ts';
import { openLedger } from './invariants/ledger.ts';
import { openSoleWriter } from './invariants/sole-writer.ts';
import { judgeEnd } from './judge-end.ts';
import { type Lives, openLives } from './lives.ts';
import { type Plan, TOGETHER } from './plan.ts';
import { prepare } from './prepare.ts';
import { streamOf } from './random.ts';
import { servicesOf } from './sandbox.ts';
import { type Decide, openScheduler, type Scheduler } from './scheduler.ts';
import { inVirtualTime, settled } from './virtual-time.ts';
import { openWorld, transfersOf, type World } from './world.ts';

/** expire-uploads begins what nobody touched for an hour, what a backfill left for two weeks, and perhaps once more, in ms. */
const SWEEPS_AFTER_MS = [7_200_000, 7_200_000, 15 * 86_400_000, 7_200_000];

/** Somebody sends back what rests in the dead-letter queue so often at most: what fails by policy fails each time. */
const REDRIVES = 4;

/** More than any run with troubles of ours needs: what goes on after that would go on for ever. */
const MOST_OPERATIONS = 4_000;

export type Violation = { readonly invariant: string; readonly text: string };

export type Outcome = {
  readonly violation?: Violation;
  trace(): string[];
  readonly coverage: Coverage;
  readonly operations: number;
  /** How the transfers ended, in a few words. */
  readonly end: string;
};

/** What those who take part in a run may use. */
export type Run = {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly queue: EventQueue;
  readonly machine: LocalMachine;
  readonly coverage: Coverage;
  /** Runs a call of a Lambda that works for a version. */
  live<T>(
    name: string,
    about: string,
    limitMs: number,
    work: (own: Wired, context: Context) => Promise<T>,
  ): Promise<T>;
  /** Somebody outside is at it until this settles. */
  aside(work: Promise<unknown>): void;
};

/** Plays one run: the real functions and the real flow, on the models, under the troubles that `decide` gives. */
export async function play(plan: Plan, decide: Decide): Promise<Outcome> {
  const lives = openLives(() => count(coverage, 'trouble: a Lambda runs out of time'));
  const coverage: Coverage = new Map();
  const ledger = openLedger(!plan.happenings.some(({ act }) => TOGETHER.includes(act.kind)));
  const soleWriter = openSoleWriter();
  const plannedAt = new Map<string, number>();
  let violation: Violation | undefined;
  let operations = 0;
  let asides = 0;
  const found = (one: Violation | undefined) => {
    violation ??= one;
  };

  const machine = await openLocalMachine({
    services: () => {
      throw new Error('each Lambda has services of its own');
    },
    functionTimeoutMs: plan.lifeMs,
    meddle: (state, work, input) => invoke(state, work, input),
  });

  return inVirtualTime(plan.name, async (clock) => {
    const world = openWorld(plan);
    const scheduler = openScheduler({
      now: () => Date.now() - world.begin,
      decide(key, operation) {
        const trouble = decide(key, operation);
        if (trouble) countTrouble(coverage, { key, name: operation }, trouble);
        return trouble;
      },
      onCut: () => count(coverage, 'trouble: a request that was cut off is served'),
      onStart(operation) {
        operations += 1;
        soleWriter.begins(operation);
        found(ledger.before(operation, plannedAt.get(operation.life.name) ?? 0));
      },
      onEffect(operation, result, before) {
        ledger.after(operation, result);
        countTransition(coverage, operation, result, before.state);
        found(soleWriter.done(operation, world));
        found(checkEffect({ operation, result, before }, world));
      },
      look: (operation) => world.look(operation),
    });
    const run: Run = {
      world,
      scheduler,
      machine,
      coverage,
      live: (name, about, limitMs, work) => {
        const skew = streamOf(plan.name, 'skew', name).whole(-plan.skewMs, plan.skewMs);
        plannedAt.set(name, ledger.now());
        const services = (life: Parameters<typeof servicesOf>[0]) =>
          servicesOf(life, world, scheduler, machine);
        return lives.live(name, { about, limitMs, skew }, services, work);
      },
      aside(work) {
        asides += 1;
        work.then(
          () => {
            asides -= 1;
          },
          (error: unknown) => {
            asides -= 1;
            if (mayBeToldOf(error)) return scheduler.note(`aside: ${asError(error).name}`);
            found({ invariant: 'nobody outside is told of a fault', text: String(error) });
          },
        );
      },
      get queue() {
        return queue;
      },
    };
    const queue = openEventQueue(run);
    invoke = invokerOf(run, plannedAt, ledger);
    prepare(run);

    const due = [...plan.happenings];
    let running = 0;
    let sweeps = 0;
    let redrives = 0;
    const watched = new Set<Promise<unknown>>();
    const watch = () => {
      if (machine.executions.size === watched.size) return;
      for (const { ended } of machine.executions.values()) {
        if (watched.has(ended)) continue;
        watched.add(ended);
        running += 1;
        void ended.then(() => {
          running -= 1;
        });
      }
    };
    const isQuiet = () => running === 0 && asides === 0 && queue.isEmpty() && scheduler.detached() === 0;

    while (!violation) {
      await settled();
      while (isThinking(lives)) await settled();
      watch();
      if (violation) break;
      const next = due[0];
      if (next && (next.at <= operations || isQuiet())) {
        due.shift();
        scheduler.note(`somebody: ${JSON.stringify(next.act)}`);
        count(coverage, `act: ${next.act.kind}`);
        await perform(next.act, run);
      } else if (isQuiet()) {
        if (!transfersOf(world).some(isActive)) break;
        // who died on the last delivery of an event left a transfer that the event can take up
        if (redrives < REDRIVES && queue.redrive()) {
          redrives += 1;
          scheduler.note('somebody: redrives the dead-letter queue');
          count(coverage, 'act: redrive');
        } else if (sweeps < SWEEPS_AFTER_MS.length) {
          const afterMs = SWEEPS_AFTER_MS[sweeps] ?? 0;
          sweeps += 1;
          scheduler.note('the schedule of expire-uploads');
          count(coverage, 'act: sweep');
          clock.tick(afterMs);
          run.aside(sweep(run, sweeps));
        } else break;
      } else if (operations > MOST_OPERATIONS) {
        const text = `${operations} operations were not enough`;
        found({ invariant: 'once troubles stop, everything ends', text });
      } else if (clock.countTimers() === 0) {
        found({ invariant: 'once troubles stop, everything ends', text: 'all wait, and for nothing' });
      } else {
        clock.next();
      }
    }
    if (!violation) found(judgeEnd(world));
    const end = transfersOf(world).map(describe).sort().join(' + ');
    scheduler.note(`end: ${violation ? violation.text : end}`);
    return { trace: scheduler.trace, coverage, operations, end, ...(violation && { violation }) };
  });
}

type Invoke = (state: string, work: (own?: Wired) => Promise<unknown>, input: string) => Promise<unknown>;
let invoke: Invoke = () => Promise.reject(new Error('no run'));

/** Names each call of a task after what it is for, so that a replay with fewer troubles finds it again. */
function invokerOf(run: Run, plannedAt: Map<string, number>, ledger: ReturnType<typeof openLedger>): Invoke {
  const calls = new Map<string, number>();
  const listedAt = new Map<string, number>();
  return async (state, work, text) => {
    const { transferId, window, retries = 0 } = JSON.parse(text);
    const about = run.world.nameOf(transferId);
    const place = `${about}-${state}${window ? `@${window.offset}` : ''}`;
    calls.set(place, (calls.get(place) ?? 0) + 1);
    const name = `${place}#${calls.get(place)}`;
    count(run.coverage, `state: ${state}`);
    if (state === 'ListSlices') listedAt.set(transferId, ledger.now());
    const result = run.live(name, about, run.world.plan.lifeMs, (own) => work(own));
    if (state === 'UploadSlices' && retries === 0) plannedAt.set(name, listedAt.get(transferId) ?? 0);
    return result;
  };
}

/** What calls of the relay end with when something is wrong outside it; anything else is a fault of its own. */
const mayBeToldOf = (error: unknown): boolean =>
  error instanceof RelayError || (error instanceof Error && OUTSIDE.has(error.name));
const OUTSIDE = new Set([
  'ProvisionedThroughputExceededException',
  'Runtime.ExitError',
  'Sandbox.Timedout',
  'TimeoutError',
]);

/** The hash's WebAssembly is made by the engine in its own time; nothing else moves meanwhile. */
const isThinking = ({ running }: Lives): boolean =>
  [...running].some((life) => life.name.includes('HashSource') && life.open === 0 && !life.end.aborted);

const describe = (transfer: ReturnType<typeof transfersOf>[number]): string => {
  if (transfer.state === 'stored') return `stored (${transfer.receipt.how})`;
  return 'reason' in transfer ? `${transfer.state} (${transfer.reason.error})` : transfer.state;
};
