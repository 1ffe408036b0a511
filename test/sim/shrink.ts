import { type Played, replay } from './campaign.ts';
import type { Happening, Plan } from './plan.ts';
import type { Outcome } from './run.ts';
import type { Trouble } from './trouble.ts';

/** A plan with the fewest happenings and troubles that still breaks the same invariant. */
export type Shrunk = {
  readonly plan: Plan;
  readonly troubles: ReadonlyMap<string, Trouble>;
  readonly outcome: Outcome;
};

type Item =
  | { readonly kind: 'happening'; readonly happening: Happening }
  | { readonly kind: 'trouble'; readonly key: string; readonly trouble: Trouble };

/** At most so many replays: each is a whole run. */
const REPLAYS = 400;

/** Leaves out what the failure does not need: halves first, then one by one, until nothing can go. */
export async function shrink({ plan, outcome, troubles }: Played): Promise<Shrunk> {
  const wanted = outcome.violation?.invariant;
  const [first, ...more] = plan.happenings;
  const all: Item[] = [
    ...more.map((happening): Item => ({ kind: 'happening', happening })),
    ...[...troubles].map(([key, trouble]): Item => ({ kind: 'trouble', key, trouble })),
  ];
  let replays = 0;
  const attempt = async (items: readonly Item[]): Promise<Shrunk | undefined> => {
    replays += 1;
    const happenings = items.flatMap((item) => (item.kind === 'happening' ? [item.happening] : []));
    const kept = items.flatMap((item) =>
      item.kind === 'trouble' ? [[item.key, item.trouble] as const] : [],
    );
    const smaller = { ...plan, happenings: [...(first ? [first] : []), ...happenings] };
    const again = await replay(smaller, new Map(kept));
    if (again.violation?.invariant !== wanted) return undefined;
    return { plan: smaller, troubles: new Map(kept), outcome: again };
  };

  let items = all;
  let best = await attempt(items);
  if (!best) return { plan, troubles, outcome };
  for (let size = Math.ceil(items.length / 2); size >= 1; ) {
    let isSmaller = false;
    for (let at = 0; at < items.length && replays < REPLAYS; ) {
      const fewer = [...items.slice(0, at), ...items.slice(at + size)];
      const found = await attempt(fewer);
      if (found) {
        [items, best, isSmaller] = [fewer, found, true];
      } else {
        at += size;
      }
    }
    if (size === 1 && !isSmaller) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
    if (replays >= REPLAYS) break;
  }
  return best;
}

/** The shrunk schedule as a story, one line an event. */
export function story({ plan, troubles, outcome }: Shrunk): string[] {
  const env = Object.entries(plan.env).map(([name, value]) => `${name}=${value}`);
  return [
    `broken: ${outcome.violation?.invariant}`,
    `        ${outcome.violation?.text}`,
    `with ${env.join(' ')}`,
    `     versioned=${plan.versioned} before=${plan.before} COS=${JSON.stringify({ ...plan.behaviour, sliceSizes: plan.behaviour.sliceSizes.join('/') })}`,
    ...plan.happenings.map(({ at, act }) => `at operation ${at}: ${JSON.stringify(act)}`),
    ...[...troubles].map(([key, trouble]) => `${key}: ${JSON.stringify(trouble)}`),
    ...outcome.trace().map((line) => `  ${line}`),
  ];
}
