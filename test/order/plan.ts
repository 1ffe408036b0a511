import { drawFrom } from '../campaign/draw.ts';
import { bytesOf } from '../kit/relay-bed.ts';

/** What happens to the one object of a case. A delivery is a batch of events, by the numbers of their changes. */
type Act =
  | { readonly kind: 'put'; readonly content: Uint8Array }
  | { readonly kind: 'remove' }
  | { readonly kind: 'destroy'; readonly fromNewest: number }
  | { readonly kind: 'list' } // a backfill names the key
  | { readonly kind: 'deliver'; readonly changes: readonly number[] };

export type OrderCase = {
  readonly index: number;
  readonly key: string;
  readonly versioned: boolean;
  readonly mirror: boolean;
  /** Each with the pause before it, in ms: events are delivered while others are still being carried. */
  readonly acts: readonly { readonly act: Act; readonly afterMs: number }[];
};

/** Small ones of the same size twice, an empty one, and two that go in slices. */
const SIZES = [0, 4_096, 4_096, 70_000, 524_288, 700_000, 700_000];

export function planOrderCase(seed: number, index: number): OrderCase {
  const draw = drawFrom(seed, index);
  const key = `order-${seed}/${index}/object ${index}.bin`;
  const versioned = draw.chance(0.5);
  const mirror = index % 2 === 1;
  const put = (): Act => {
    const size = draw.one(SIZES);
    return { kind: 'put', content: bytesOf(`${key} ${draw.whole(1, 3)}`, size) };
  };
  const change = (): Act => {
    if (!mirror || draw.chance(0.65)) return put();
    return versioned && draw.chance(0.5)
      ? { kind: 'destroy', fromNewest: draw.whole(0, 1) }
      : { kind: 'remove' };
  };
  const changes = [put(), ...Array.from({ length: draw.whole(1, 4) }, change)];
  const held = draw.chance(0.3); // every event comes after the last change
  const slots: { at: number; act: Act }[] = changes.map((act, at) => ({ at, act }));
  changes.forEach((_, at) => {
    for (let copies = draw.chance(0.35) ? 2 : 1; copies > 0; copies -= 1) {
      const from = held ? changes.length : at;
      slots.push({
        at: from + 0.001 + draw.random() * (changes.length - from + 1),
        act: { kind: 'deliver', changes: [at] },
      });
    }
  });
  slots.sort((a, b) => a.at - b.at);
  return {
    index,
    key,
    versioned,
    mirror,
    acts: (draw.chance(0.5) ? inBatches(slots) : slots).map(({ act }) => ({
      act,
      afterMs: draw.chance(0.5) ? 0 : draw.whole(0, 25),
    })),
  };
}

/** The same history with backfills of the key in between. */
export function withListings(plan: OrderCase, seed: number): OrderCase {
  const draw = drawFrom(seed, -2 - plan.index);
  const acts = [...plan.acts];
  for (let listings = draw.whole(1, 3); listings > 0; listings -= 1) {
    const list = { act: { kind: 'list' } as const, afterMs: draw.chance(0.5) ? 0 : draw.whole(0, 25) };
    acts.splice(draw.whole(1, acts.length), 0, list);
  }
  return { ...plan, acts };
}

/** Deliveries without a change between them come in one call. */
function inBatches(slots: readonly { readonly act: Act }[]): { readonly act: Act }[] {
  const batched: { act: Act }[] = [];
  for (const { act } of slots) {
    const before = batched.at(-1);
    if (before?.act.kind === 'deliver' && act.kind === 'deliver')
      before.act = { ...before.act, changes: [...before.act.changes, ...act.changes] };
    else batched.push({ act });
  }
  return batched;
}
