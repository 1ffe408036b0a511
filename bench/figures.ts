/** One line of the table. `goal` says which way is better. */
export type Figure = {
  readonly point: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
};

/** What could not be measured here, or what a reader must know. */
export type Note = { readonly point: string; readonly note: string };

export type Measured = readonly (Figure | Note)[];

export type How = {
  /** Smaller objects and fewer rounds. */
  readonly quick: boolean;
  readonly say: (line: string) => void;
};

export type Point = (how: How) => Promise<Measured>;

export const MIB = 1_048_576;

/** 1 and above: the goal is met. */
export function ratioToGoal({ value, goal }: Figure): number | undefined {
  if (goal === undefined) return undefined;
  return 'atLeast' in goal ? value / goal.atLeast : goal.atMost / value;
}

export function median(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = Math.floor(ordered.length / 2);
  const upper = ordered[middle] ?? Number.NaN;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Runs the contenders in turn, round after round, so that whatever else the machine does meets all of them alike. The
 * first round warms up and does not count, unless they are warm.
 */
export async function alternate<T>(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<T>>>,
  state: 'cold' | 'warm' = 'cold',
): Promise<Record<string, T[]>> {
  const results: Record<string, T[]> = {};
  for (let round = state === 'cold' ? 0 : 1; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const result = await run();
      if (round > 0) results[name] = [...(results[name] ?? []), result];
    }
  }
  return results;
}
