import type { Quirk } from './models/cos-model.ts';
import { NO_TROUBLE, type Trouble } from './trouble.ts';
import type { Look } from './world.ts';

/** One thing a Lambda does to the world, or asks of it. */
export type Operation = {
  /** `cos.put`, `store.replace`, … */
  readonly name: string;
  /** Of the Lambda that does it. */
  readonly life: Life;
  readonly given: unknown;
};

/** One call of a Lambda, which can be killed between any two of its operations. */
export type Life = {
  readonly name: string;
  /** The version it works for, by the name of its bytes. */
  readonly about: string;
  readonly end: AbortSignal;
  /** How far its clock is off, in ms. */
  readonly skew: number;
  count: number;
  /** Operations under way. */
  open: number;
  die(why: Error): void;
};

export type Decide = (key: string, operation: string) => Trouble | undefined;

export type SchedulerOptions = {
  readonly decide: Decide;
  readonly now: () => number;
  /** Called when something was done to the world, with what came of it and what was there before. */
  readonly onEffect: (operation: Operation, result: unknown, before: Look) => void;
  readonly look: (operation: Operation) => Look;
  /** Called when a request is served although nobody waits for it any more. */
  readonly onCut: () => void;
  /** Called before anything is done. */
  readonly onStart: (operation: Operation) => void;
};

/** What Lambda says of a function that went away without a word. */
class ExitError extends Error {
  override readonly name = 'Runtime.ExitError';
}

/** A request to COS gives up after this, in ms. */
const PATIENCE_MS = 60_000;

/** Decides for each operation when it is done, when it is answered, and whether. */
export function openScheduler({ decide, now, onEffect, onStart, onCut, look }: SchedulerOptions) {
  let detached = 0;
  const trace: (readonly [at: number, text: () => string])[] = [];
  const note = (text: string | (() => string)) =>
    void trace.push([now(), typeof text === 'string' ? () => text : text]);

  /** `cut` when the caller died or stopped waiting. */
  const wait = (ms: number, stops: readonly AbortSignal[]): Promise<'over' | 'cut'> =>
    new Promise((resolve) => {
      if (stops.some(({ aborted }) => aborted)) return resolve('cut');
      const end = (how: 'over' | 'cut') => {
        clearTimeout(timer);
        for (const stop of stops) stop.removeEventListener('abort', cut);
        resolve(how);
      };
      const cut = () => end('cut');
      const timer = setTimeout(() => end('over'), ms);
      for (const stop of stops) stop.addEventListener('abort', cut, { once: true });
    });

  /** Runs the operation to its end. `unavailable` makes the error of a peer that is in trouble. */
  async function run<T>(
    operation: Operation,
    effect: (quirk?: Quirk) => T,
    unavailable: (why: string) => Error,
    signal?: AbortSignal,
  ): Promise<{ readonly value: T; readonly trouble: Trouble }> {
    const { life, name } = operation;
    life.end.throwIfAborted();
    signal?.throwIfAborted();
    life.count += 1;
    const key = `${life.name}/${life.count}`;
    const trouble = decide(key, name) ?? NO_TROUBLE;
    onStart(operation);
    const stops = signal ? [life.end, signal] : [life.end];
    const apply = (quirk = trouble.quirk): T => {
      const before = look(operation);
      const value = effect(quirk);
      note(() => `${key} ${name} ${brief(operation.given)} -> ${brief(value)}`); // most runs are never read
      onEffect(operation, value, before);
      return value;
    };
    // damage that nobody hears of, over what was confirmed since, is told by the SHA-1 of the whole alone
    const unheard = () => apply(trouble.quirk?.kind === 'damaged' ? { kind: 'wrong-md5' } : trouble.quirk);
    const gone = (): Error => life.end.reason ?? signal?.reason;
    life.open += 1;
    try {
      if (trouble.fate === 'dies-before' || trouble.fate === 'dies-late') {
        note(`${key} ${name} ${trouble.fate}`);
        if (trouble.fate === 'dies-late') later(unheard, Math.max(1, trouble.before));
        life.die(new ExitError(`killed at ${key}`));
        throw gone();
      }
      const before = await wait(Math.min(trouble.before, PATIENCE_MS), stops);
      if (before === 'cut') {
        note(`${key} ${name} is cut off${trouble.servedAfter === undefined ? '' : ', and served'}`);
        if (trouble.servedAfter !== undefined) onCut();
        if (trouble.servedAfter !== undefined) later(unheard, trouble.servedAfter);
        throw gone();
      }
      if (trouble.fate === 'lost') {
        note(`${key} ${name} is lost`);
        throw unavailable('lost');
      }
      let value = apply();
      if (trouble.fate === 'refused') value = apply();
      if (trouble.fate === 'dies-after') {
        note(`${key} ${name} dies-after`);
        life.die(new ExitError(`killed after ${key}`));
        throw gone();
      }
      if (trouble.after > 0 && (await wait(trouble.after, stops)) === 'cut') throw gone();
      if (trouble.fate === 'unanswered') {
        note(`${key} ${name} is unanswered`);
        throw unavailable('unanswered');
      }
      return { value, trouble };
    } finally {
      life.open -= 1;
    }
  }

  /** Nobody waits for it: what it throws is heard by nobody. */
  const later = (work: () => unknown, ms: number): void => {
    detached += 1;
    setTimeout(() => {
      detached -= 1;
      try {
        work();
      } catch {
        // refused, and nobody is there to be told
      }
    }, ms);
  };

  return {
    run,
    note,
    /** One line an event, in order. */
    trace: () => trace.map(([at, text]) => `${at} ${text()}`),
    /** Requests that are still served, and nobody waits for. */
    detached: () => detached,
  };
}

export type Scheduler = ReturnType<typeof openScheduler>;

/** Enough to read a story by: long names are cut short, bytes are counted. */
function brief(value: unknown): string {
  if (value === undefined) return '-';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = JSON.stringify(value, (name, one: unknown) => (HIDDEN.has(name) ? undefined : one));
  const short = text.replace(/([0-9a-f]{6})[0-9a-f]{26,}/g, '$1').replaceAll('"', '');
  return short.length > 240 ? `${short.slice(0, 240)}…` : short;
}

const HIDDEN = new Set([
  'links',
  'target',
  'options',
  'source',
  'createdAt',
  'updatedAt',
  'metadata',
  'receipt',
  'bytes',
  'requestId',
  'sourceName',
  'etag',
  'lastModified',
  'versionId',
  'bucket',
  'name',
]);
