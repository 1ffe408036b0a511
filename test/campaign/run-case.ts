import { setTimeout as sleep } from 'node:timers/promises';
import type { DroppedObject } from '../../local/s3/drop/dropped-object.ts';
import type { DynamoDb } from '../../local/stack/dynamodb.ts';
import type { Meddle } from '../../local/stack/machine.ts';
import type { Stack } from '../../local/stack/stack.ts';
import { cancelTransfer } from '../../shared/api/cancel-transfer.ts';
import { load } from '../../shared/records/change-transfer.ts';
import { isActive, type Transfer } from '../../shared/records/transfer.ts';
import { type Life, mortal } from '../kit/mortal.ts';
import { type Bed, bytesOf, IMPATIENT, idOf, openBed } from '../kit/relay-bed.ts';
import { openLedger } from './ledger.ts';
import { judge } from './oracle.ts';
import type { CasePlan, Happening } from './plan.ts';
import { prepare } from './prepare.ts';

export type CaseResult = {
  readonly index: number;
  /** How it ended, in one word or two. */
  readonly end: string;
  /** What must not have happened; none if all is well. */
  readonly violations: readonly string[];
};

/** No case takes nearly as long unless it hangs, in ms. */
const HUNG_MS = 240_000;
/** Longer than any hold, in ms. */
const HOLD_MS = 130_000;

/** Plays one case: a whole transfer through the real machine and handlers, with its trouble; then asks the oracle. */
export async function runCase(
  plan: CasePlan,
  dynamodb: DynamoDb,
  trace: (line: string) => void = () => undefined,
): Promise<CaseResult> {
  const env = { ...plan.env, ...(fallsSilent(plan) && IMPATIENT) };
  const bed = await openBed({ env, cos: { ...plan.cos }, dynamodb });
  try {
    return await Promise.race([play(plan, bed, trace), hung(plan)]);
  } finally {
    await bed.close();
  }
}

const fallsSilent = ({ cosFaults, s3Faults }: CasePlan): boolean =>
  [...cosFaults, ...s3Faults].some(({ act }) => act.kind.startsWith('stall'));

async function hung({ index }: CasePlan): Promise<CaseResult> {
  await sleep(HUNG_MS, undefined, { ref: false });
  return { index, end: 'hung', violations: [`nothing came of it within ${HUNG_MS} ms`] };
}

/** A process of the relay that can go away as a whole. */
type Process = { readonly stack: Stack; readonly died: Promise<void>; isDead(): boolean };

async function play(plan: CasePlan, bed: Bed, trace: (line: string) => void): Promise<CaseResult> {
  const key = `case-${plan.seed}-${plan.index}/object.bin`;
  await prepare(plan, bed, key);
  const versions = [bytesOf(`${key} first`, plan.size)];
  const objects = [await bed.put(key, versions[0] ?? new Uint8Array())];
  for (const fault of plan.cosFaults) bed.cos.inject(fault);
  for (const fault of plan.s3Faults) bed.s3.inject(fault);

  const ledger = openLedger();
  const due = [...plan.happenings];
  const aside: Promise<unknown>[] = [];
  const processes: Process[] = [];
  let operations = 0;
  let cancelled = false;
  let working = 0; // calls that are under way, in all processes
  let passedMs = 0;
  /** Who is gone left a hold behind: when nobody is at work any more, the time passes until it is over. */
  const letTimePass = (error: unknown) => {
    const busy =
      error instanceof Error && /TargetBusy|is being written/.test(`${error.name} ${error.message}`);
    if (busy && working === 0) passedMs += HOLD_MS;
  };
  const deliver = async (stack: Stack, object: DroppedObject): Promise<void> => {
    for (let tries = 1; tries <= 10; tries += 1) {
      working += 1;
      try {
        return await stack.announce(object); // a queue hands an event out until it is taken
      } catch (error) {
        working -= 1;
        letTimePass(error);
        working += 1;
      } finally {
        working -= 1;
      }
    }
  };

  const startProcess = async (): Promise<Process> => {
    const lives = new Set<Life>();
    const { promise: died, resolve } = Promise.withResolvers<void>();
    let dead = false;
    const die = () => {
      dead = true;
      for (const life of lives) life.die();
      resolve();
    };
    const meddle: Meddle = async (state, work, input) => {
      if (dead) throw new ProcessGone();
      const plannedAt = ledger.begins(state, input);
      const step = async (when: Happening['when']) => {
        const next = due[0];
        if (next?.when !== when || next.at > operations) return;
        due.shift();
        trace(`${operations} ${when}: ${next.what}`);
        if (next.what === 'kill-worker') life.die();
        else if (next.what === 'kill-process') die();
        else await happen(next.what, process);
      };
      const life = mortal(process.stack.services, {
        async before(operation) {
          operations += 1;
          await step('before');
          ledger.before(operation, plannedAt);
        },
        async after(operation, result) {
          ledger.after(operation, result);
          trace(`${operations} ${operation.name} ${brief(result)}`);
          await step('after');
        },
      });
      lives.add(life);
      working += 1;
      trace(`-> ${state} ${input}`);
      const done = work(life.services);
      try {
        return await Promise.race([done, life.death]);
      } catch (error) {
        trace(`${state} failed: ${error}`);
        await done.catch(() => undefined); // what it left undone unwinds before anybody goes on
        working -= 1;
        letTimePass(error);
        working += 1;
        if (dead) throw new ProcessGone();
        throw error;
      } finally {
        working -= 1;
        lives.delete(life);
      }
    };
    const clock = () => Date.now() + passedMs;
    const stack = await bed.start({ machine: { meddle }, wiring: { clock } });
    const process: Process = { stack, died, isDead: () => dead };
    processes.push(process);
    return process;
  };

  const happen = async (what: Happening['what'], { stack }: Process): Promise<void> => {
    const first = objects[0];
    if (!first) return;
    switch (what) {
      case 'duplicate-event':
        aside.push(deliver(stack, first));
        return;
      case 'second-execution':
        aside.push(stack.machine.start(`${idOf(first)}-again-${operations}`, { transferId: idOf(first) }));
        return;
      case 'second-process':
        aside.push(startProcess().then((other) => deliver(other.stack, first)));
        return;
      case 'overwrite': {
        const bytes = bytesOf(`${key} version ${objects.length}`, plan.size);
        const object = await bed.put(key, bytes);
        versions.push(bytes);
        objects.push(object);
        aside.push(deliver(stack, object));
        return;
      }
      case 'cancel':
        cancelled = true;
        await load(stack.services, idOf(first))
          .then((found) => cancelTransfer(found, {}, stack.services, noLimit))
          .catch(() => undefined);
    }
  };

  await startProcess();
  for (let rounds = 0; ; rounds += 1) {
    const living = processes.filter((one) => !one.isDead());
    const now = living[0] ?? (await startProcess());
    for (const object of objects) await deliver(now.stack, object);
    for (const one of processes) await Promise.race([one.stack.machine.idle(), one.died]);
    await Promise.all(aside.splice(0));
    for (const one of processes) await Promise.race([one.stack.machine.idle(), one.died]);
    const states = await Promise.all(objects.map((object) => now.stack.services.store.get(idOf(object))));
    const over = states.every((transfer) => transfer && !isActive(transfer));
    if (over && aside.length === 0) break;
    if (now.isDead()) continue;
    if (rounds > 12) return verdict('stuck', ['a transfer is active, and nobody works on it']);
  }

  const { store } = (processes.at(-1) as Process).stack.services;
  const transfers = await Promise.all(objects.map((object) => store.get(idOf(object))));
  const together = processes.length > 1 || plan.happenings.some(({ what }) => what.startsWith('second'));
  const found = [
    ...(await judge(plan, transfers, versions, cancelled, key, bed)),
    ...(together && plan.happenings.some(({ what }) => what.startsWith('second')) ? [] : ledger.violations),
  ];
  return verdict(transfers.map((transfer) => describe(transfer)).join(' + '), found);

  function verdict(end: string, violations: readonly string[]): CaseResult {
    return { index: plan.index, end, violations };
  }
}

const describe = (transfer: Transfer | undefined): string => {
  if (!transfer) return 'none';
  if (transfer.state === 'stored') return `stored (${transfer.receipt.how})`;
  return isActive(transfer) ? transfer.state : `${transfer.state} (${transfer.reason.error})`;
};

const never = new AbortController().signal;
const noLimit = { stop: never, signal: never };

/** What an execution meets whose process is gone: it ends, and nothing of it has an effect. */
class ProcessGone extends Error {
  override readonly name = 'ProcessGone';
}

const brief = (value: unknown): string => {
  const text = JSON.stringify(value, (name, one) =>
    name === 'links' || name === 'target' || name === 'options' || name === 'source' ? undefined : one,
  );
  return text === undefined ? '' : text.slice(0, 400);
};
