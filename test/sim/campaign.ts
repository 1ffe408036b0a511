import { createHash } from 'node:crypto';
import { type Coverage, merge } from './coverage.ts';
import { type Plan, planRun } from './plan.ts';
import { type Outcome, play } from './run.ts';
import type { Decide } from './scheduler.ts';
import { drawTrouble, NO_TROUBLE, type Trouble } from './trouble.ts';

export type Played = {
  readonly plan: Plan;
  readonly outcome: Outcome;
  /** Every trouble that the run met, by the operation it happened to. */
  readonly troubles: ReadonlyMap<string, Trouble>;
};

/** Draws a run and plays it. */
export async function playDrawn(seed: number, run: number): Promise<Played> {
  const plan = planRun(seed, run);
  const troubles = new Map<string, Trouble>();
  const outcome = await play(plan, drawing(plan, troubles));
  return { plan, outcome, troubles };
}

/** Of some troubles only so many are an honest run: more of them is an honest failure. */
const AT_MOST: Readonly<Record<string, number>> = { forget: 2, damaged: 2, gap: 1 };

/** More slow operations than this are weather that never clears: whoever has 29 s for a call of the API would never get through. */
const MOST_SLOW = 80;

function drawing({ name, weather }: Plan, troubles: Map<string, Trouble>): Decide {
  let wrong = 0;
  let slow = 0;
  const counts = new Map<string, number>();
  return (key, operation) => {
    const drawn = drawTrouble(name, key, operation, weather);
    if (!drawn) return undefined;
    const isWrong = drawn.fate !== 'ok' || drawn.quirk !== undefined || drawn.breaksAt !== undefined;
    const kind = kindOf(drawn);
    const isEnough = wrong >= weather.most || (counts.get(kind) ?? 0) >= (AT_MOST[kind] ?? weather.most);
    const isSlow = drawn.before > 1 || drawn.after > 0;
    const { before, after } = isSlow && slow >= MOST_SLOW ? NO_TROUBLE : drawn;
    if (isSlow) slow += 1;
    const trouble: Trouble =
      isWrong && isEnough ? { fate: 'ok', before, after } : { ...drawn, before, after };
    if (isWrong && !isEnough) {
      wrong += 1;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    if (
      trouble.fate === 'ok' &&
      !trouble.quirk &&
      trouble.breaksAt === undefined &&
      before === 1 &&
      after === 0
    )
      return undefined;
    troubles.set(key, trouble);
    return trouble;
  };
}

const kindOf = ({ quirk }: Trouble): string =>
  quirk?.kind === 'code' && quirk.code === -175 ? 'gap' : (quirk?.kind ?? 'any');

/** A run that broke something, as it is kept in `found/`. */
export type Kept = {
  readonly plan: Plan;
  readonly troubles: readonly (readonly [key: string, trouble: Trouble])[];
};

/** Plays a run with these troubles and no others. */
export const replay = (plan: Plan, troubles: ReadonlyMap<string, Trouble>): Promise<Outcome> =>
  play(plan, (key) => troubles.get(key));

export type CampaignResult = {
  readonly runs: number;
  readonly operations: number;
  readonly bad: readonly (Played & { readonly seed: number; readonly run: number })[];
  readonly coverage: Coverage;
  readonly ends: ReadonlyMap<string, number>;
  /** Of all traces, in order; empty unless they were asked for. */
  readonly hash: string;
};

export type CampaignOptions = {
  /** Reads every trace, for the hash. */
  readonly traced?: boolean;
  readonly onRun?: (played: Played, run: number) => void;
};

export async function runCampaign(
  seed: number,
  runs: Iterable<number>,
  { traced = false, onRun }: CampaignOptions = {},
): Promise<CampaignResult> {
  const coverage: Coverage = new Map();
  const ends = new Map<string, number>();
  const bad: CampaignResult['bad'][number][] = [];
  const hash = traced ? createHash('sha256') : undefined;
  let operations = 0;
  let count = 0;
  for (const run of runs) {
    const played = await playDrawn(seed, run);
    const { outcome } = played;
    merge(coverage, outcome.coverage);
    ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1);
    if (hash) for (const line of outcome.trace()) hash.update(`${line}\n`);
    operations += outcome.operations;
    count += 1;
    if (outcome.violation) bad.push({ ...played, seed, run });
    onRun?.(played, run);
  }
  return { runs: count, operations, bad, coverage, ends, hash: hash?.digest('hex') ?? '' };
}
