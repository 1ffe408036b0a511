import type { Quirk } from './models/cos-model.ts';
import { type Stream, streamOf } from './random.ts';

/**
 * What happens to one operation. Without any the request takes 1 ms and its answer none.
 * - ok: done and answered
 * - lost: never done, answered with an error; refused: done, and answered as what was done before (a write that was retried)
 * - unanswered: done, answered with an error
 * - dies-before, dies-after: its caller is killed before it is done, or before it hears of it
 * - dies-late: its caller is killed at once, and it is done all the same
 */
type Fate = 'ok' | 'lost' | 'refused' | 'unanswered' | 'dies-before' | 'dies-after' | 'dies-late';

export type Trouble = {
  readonly fate: Fate;
  /** Until it is done, and from then until it is answered, in ms. */
  readonly before: number;
  readonly after: number;
  readonly quirk?: Quirk;
  /** A read breaks off after so many bytes. */
  readonly breaksAt?: number;
  /** A request that was cut off is served all the same, so many ms later. */
  readonly servedAfter?: number;
};

export const NO_TROUBLE: Trouble = { fate: 'ok', before: 1, after: 0 };

/** How much trouble there is in a run. */
export type Weather = {
  /** Of operations that take longer than usual. */
  readonly slow: number;
  /** Of operations that go wrong, and how many may at most. */
  readonly wrong: number;
  readonly most: number;
  /** Whether a slice may be stored damaged: not where the policy promises nothing then. */
  readonly canDamage: boolean;
};

/** They come late in a run, when most of its trouble is over, and are what sessions live by: so much more of it is theirs. */
const OF_COS: ReadonlySet<string> = new Set(['cos.put', 'cos.finish', 'cos.list']);

/** The few runs in which a slice may be damaged are to have one that is. */
function moreFor(operation: string, { canDamage }: Weather): number {
  if (operation === 'cos.put' && canDamage) return 12;
  return OF_COS.has(operation) ? 4 : 1;
}

/** Draws what happens to an operation from its name alone: leaving one trouble out moves no other. */
export function drawTrouble(
  name: string,
  key: string,
  operation: string,
  weather: Weather,
): Trouble | undefined {
  const draw = streamOf(name, key);
  const isSlow = draw.chance(weather.slow);
  const isWrong = draw.chance(weather.wrong * moreFor(operation, weather));
  if (!isSlow && !isWrong) return undefined;
  const before = isSlow ? delay(draw) : 1;
  const after = isSlow && draw.chance(0.5) ? delay(draw) : 0;
  const servedAfter = draw.chance(0.5) ? draw.whole(1, 9_000) : undefined;
  const timing = { before, after, ...(servedAfter !== undefined && { servedAfter }) };
  return isWrong ? { ...timing, ...wrong(draw, operation, weather) } : { ...timing, fate: 'ok' };
}

function delay(draw: Stream): number {
  const [least, most] = draw.one([
    [2, 9],
    [2, 9],
    [10, 300],
    [10, 300],
    [500, 4_000],
    [5_000, 18_000],
  ] as const);
  return draw.whole(least, most);
}

type Wrong = Pick<Trouble, 'fate' | 'quirk' | 'breaksAt'>;

function wrong(draw: Stream, operation: string, { canDamage }: Weather): Wrong {
  const ok = { fate: 'ok' } as const;
  const damaged: Wrong = { ...ok, quirk: { kind: 'damaged' } };
  const special: Readonly<Record<string, readonly Wrong[]>> = {
    'cos.put': [
      ...(canDamage ? [damaged, damaged, damaged] : []),
      { ...ok, quirk: { kind: 'wrong-md5' } },
      { ...ok, quirk: { kind: 'forget' } },
      { ...ok, quirk: { kind: 'code', code: draw.one([-71, -5997]) } },
    ],
    'cos.finish': [
      { ...ok, quirk: { kind: 'forget' } },
      { ...ok, quirk: { kind: 'code', code: -175 } },
      { ...ok, quirk: { kind: 'code', code: -5997 } },
    ],
    'cos.list': [
      { ...ok, quirk: { kind: 'lag', slices: draw.whole(1, 3) } },
      { ...ok, quirk: { kind: 'forget' } },
    ],
    'source.fetch': [{ ...ok, breaksAt: draw.whole(0, 300_000) }],
    'source.read': [{ ...ok, breaksAt: draw.whole(0, 700_000) }],
  };
  const own = special[operation];
  if (own && draw.chance(0.5)) return draw.one(own);
  const isWrite =
    operation === 'store.replace' || operation === 'store.replaceTarget' || operation === 'store.create';
  const fates: readonly Fate[] = ['lost', 'unanswered', 'dies-before', 'dies-after', 'dies-late'];
  return { fate: isWrite && draw.chance(0.3) ? 'refused' : draw.one(fates) };
}
