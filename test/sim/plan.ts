import { type CosBehaviour, PLAIN } from './models/cos-state.ts';
import { type Stream, streamOf } from './random.ts';
import type { Weather } from './trouble.ts';

const SLICE = 524_288;

/** Something that somebody does while the relay is at work. */
export type Act =
  | { readonly kind: 'put'; readonly object: 0 | 1; readonly size: number } // 0 and 1 map to one path of COS
  | { readonly kind: 'delete' }
  | { readonly kind: 'destroy-newest' } // the version before it is the current one again
  | { readonly kind: 'repeat-event'; readonly which: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'second-execution' }
  | { readonly kind: 'client-upload'; readonly size: number }
  | { readonly kind: 'lose-sessions' }
  /** By the bucket's own listing, or by a list of versions; listed now, and looked at so many ms later. */
  | { readonly kind: 'backfill'; readonly by: 'bucket' | 'list'; readonly waitMs: number };

/** It is done when the Lambdas have done so many operations, or when nothing else happens any more. */
export type Happening = { readonly at: number; readonly act: Act };

/** Everything that is drawn for a run before it begins. */
export type Plan = {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly versioned: boolean;
  readonly behaviour: CosBehaviour;
  readonly before: 'nothing' | 'older-file' | 'foreign-upload';
  readonly happenings: readonly Happening[];
  readonly weather: Weather;
  /** How long a Lambda may run, in ms. */
  readonly lifeMs: number;
  /** How far clocks are off at most, in ms. */
  readonly skewMs: number;
};

export function planRun(seed: number, run: number): Plan {
  const name = `seed ${seed} run ${run}`;
  const draw = streamOf(name, 'plan');
  const env = envOf(draw);
  const happenings = happeningsOf(draw, env.DELETES === 'mirror');
  const many = happenings.some(({ act }) => TOGETHER.includes(act.kind));
  const before = draw.chance(0.15) ? draw.one(['older-file', 'foreign-upload'] as const) : 'nothing';
  const wrong = draw.one([0, 0.02, 0.05, 0.1]);
  return {
    name,
    env,
    versioned: draw.chance(0.5),
    behaviour: behaviourOf(draw),
    before,
    happenings,
    weather: {
      slow: draw.one([0, 0.1, 0.3, 0.6]),
      wrong,
      most: draw.one([1, 2, 4, 6]),
      // `listed` believes what COS lists when nobody lived to hear that it arrived damaged: that is its promise
      canDamage: env.INTEGRITY === 'sha1' || (env.TRUST_LISTED === 'verified' && !many),
    },
    lifeMs: draw.one([900_000, 900_000, 900_000, 120_000]),
    skewMs: draw.one([0, 0, 2_000]),
  };
}

/** After these two may work on one transfer at once. */
export const TOGETHER: readonly Act['kind'][] = [
  'second-execution',
  'restart',
  'repeat-event',
  'client-upload',
];

const envOf = (draw: Stream) => ({
  INTEGRITY: draw.chance(0.12) ? 'sha1' : 'md5',
  TRUST_LISTED: draw.chance(0.3) ? 'verified' : 'listed',
  ON_EXISTING: draw.one(['skip-same', 'skip-same', 'overwrite', 'fail']),
  ON_FOREIGN_UPLOAD: draw.chance(0.4) ? 'fail' : 'replace',
  DELETES: draw.chance(0.3) ? 'mirror' : 'ignore',
  SLICE_SIZE: String(SLICE),
  SMALL_OBJECT_MAX: draw.chance(0.6) ? '2000' : '0',
  WINDOW_BYTES: '1048576',
  MAX_WINDOWS: draw.one(['1', '2', '1000']),
  MAX_CONCURRENCY: draw.one(['1', '2', '4']),
  MAX_IN_FLIGHT: draw.one(['1', '2', '4']),
  READERS: draw.one(['1', '2']),
  READ_BYTES: '3145728',
});

const behaviourOf = (draw: Stream): CosBehaviour => ({
  ...PLAIN,
  ...(draw.chance(0.1) && { grantSliceSize: 1_048_576 }),
  ...(draw.chance(0.1) && { sliceSizes: [1_048_576] }),
  serial: draw.chance(0.1),
  closesItself: draw.chance(0.12),
  unknownSessionCode: draw.one([-5999, -4018, -197]),
});

/** Most of the cost of a run is the MD5 of whole slices, so most slices are short last ones. */
const sizeOf = (draw: Stream): number =>
  draw.one([
    0,
    100,
    900,
    1_500,
    SLICE,
    SLICE + 100,
    SLICE + 700,
    2 * SLICE + 90,
    2 * SLICE + 90,
    3 * SLICE + 100,
  ]);

const MIRRORED: readonly Act['kind'][] = ['delete', 'delete', 'destroy-newest'];
const ANY: readonly Act['kind'][] = [
  'put',
  'put',
  'repeat-event',
  'repeat-event',
  'cancel',
  'restart',
  'second-execution',
  'second-execution',
  'client-upload',
  'lose-sessions',
  'lose-sessions',
  'backfill',
  'backfill',
];

function happeningsOf(draw: Stream, mirror: boolean): Happening[] {
  const count = draw.one([0, 1, 2, 2, 3, 4]);
  const first: Happening = { at: 0, act: { kind: 'put', object: 0, size: sizeOf(draw) } };
  const more = Array.from({ length: count }, (): Happening => {
    const kind = draw.one(mirror ? [...ANY, ...MIRRORED, ...MIRRORED] : ANY);
    return { at: draw.chance(0.7) ? draw.whole(1, 40) : draw.whole(1, 150), act: actOf(kind, draw) };
  });
  return [first, ...more.sort((a, b) => a.at - b.at)];
}

function actOf(kind: Act['kind'], draw: Stream): Act {
  switch (kind) {
    case 'put':
      return { kind, object: draw.chance(0.8) ? 0 : 1, size: sizeOf(draw) };
    case 'repeat-event':
      return { kind, which: draw.whole(0, 3) };
    case 'client-upload':
      return { kind, size: draw.one([100, SLICE + 50, 2 * SLICE]) };
    case 'backfill': {
      const by = draw.one(['bucket', 'bucket', 'list'] as const);
      return { kind, by, waitMs: draw.one([0, 0, 5, 20, 60, 3_000, 40_000]) };
    }
    default:
      return { kind };
  }
}
