import type { CosEndpointOptions } from '../../local/cos/endpoint.ts';
import type { Fault, FaultAct } from '../../local/cos/faults.ts';
import type { S3Fault, S3FaultAct } from '../../local/s3/faults.ts';
import { SLICE } from '../kit/relay-bed.ts';
import { type Draw, drawFrom } from './draw.ts';

/** What happens to the relay when it has done so many operations in this case. */
export type Happening = {
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly what:
    | 'kill-worker'
    | 'kill-process'
    | 'duplicate-event'
    | 'second-execution'
    | 'second-process'
    | 'overwrite'
    | 'cancel';
};

/** One case of the campaign: everything that is drawn, so that the same seed plays it again. */
export type CasePlan = {
  readonly seed: number;
  readonly index: number;
  readonly size: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cos: Partial<CosEndpointOptions>;
  /** What lies at the path before: a file of the same size, or somebody's unfinished upload. */
  readonly before: 'nothing' | 'older-file' | 'foreign-upload';
  readonly cosFaults: readonly Fault[];
  readonly s3Faults: readonly S3Fault[];
  readonly happenings: readonly Happening[];
  /** The names of errors that are an honest end of this case, besides being stored. */
  readonly mayFailWith: readonly string[];
};

export function planCase(seed: number, index: number): CasePlan {
  const draw = drawFrom(seed, index);
  const size = sizeOf(draw);
  const env = envOf(draw);
  const other = draw.chance(0.2) ? draw.one(['older-file', 'foreign-upload'] as const) : 'nothing';
  const before = other === 'foreign-upload' && size === 0 ? 'nothing' : other; // COS opens no empty upload
  const happenings = happeningsOf(draw);
  const kills = happenings.some(({ what }) => what.startsWith('kill'));
  const together = happenings.some(({ what }) => what.startsWith('second'));
  // Under `listed` a slice that arrived damaged, and whose answer nobody lived to read, is believed: that is its promise.
  // Two at once can damage what the other confirmed and is finishing: only the SHA-1 of the whole sees that in time.
  const confirmed = env.TRUST_LISTED === 'verified' || !kills;
  const canDamage = env.INTEGRITY === 'sha1' || (confirmed && !together);
  const cosFaults = cosFaultsOf(draw, canDamage);
  const cos = behaviourOf(draw, before);
  const overwritten = happenings.some(({ what }) => what === 'overwrite');
  const isFinal = cosFaults.some(({ act }) => act.kind === 'status' && act.code === UNKNOWN_CODE);
  return {
    seed,
    index,
    size,
    env,
    cos,
    before,
    cosFaults,
    s3Faults: s3FaultsOf(draw),
    happenings,
    mayFailWith: [
      ...(isFinal ? ['CosRefused'] : []),
      ...(before === 'foreign-upload' && env.ON_FOREIGN_UPLOAD === 'fail' ? ['ForeignUpload'] : []),
      ...(env.ON_EXISTING === 'fail' && (before === 'older-file' || overwritten || cos.closesItself)
        ? ['TargetExists'] // a file that COS closed by itself, when nobody heard of it, is anybody's
        : []),
    ],
  };
}

const UNKNOWN_CODE = -31337;

function sizeOf(draw: Draw): number {
  const many = draw.chance(0.05) ? draw.whole(13, 40) : draw.whole(2, 12);
  return draw.one([
    0,
    1,
    SLICE - 1,
    SLICE,
    SLICE + 1,
    many * SLICE,
    many * SLICE,
    many * SLICE - draw.whole(1, SLICE - 1),
    many * SLICE - draw.whole(1, SLICE - 1),
    many * SLICE - draw.whole(1, SLICE - 1),
    many * SLICE + 1,
    draw.whole(1, 6_000_000),
  ]);
}

const envOf = (draw: Draw) => ({
  INTEGRITY: draw.chance(0.25) ? 'sha1' : 'md5',
  TRUST_LISTED: draw.chance(0.3) ? 'verified' : 'listed',
  ON_EXISTING: draw.one(['skip-same', 'skip-same', 'overwrite', 'fail']),
  ON_FOREIGN_UPLOAD: draw.chance(0.2) ? 'fail' : 'replace',
  SLICE_SIZE: draw.chance(0.2) ? '1048576' : String(SLICE),
  SMALL_OBJECT_MAX: draw.chance(0.1) ? '600000' : '0',
  WINDOW_BYTES: draw.one(['1048576', '2097152', '67108864']),
  MAX_WINDOWS: draw.one(['1', '2', '1000']),
  MAX_CONCURRENCY: draw.one(['1', '2', '4']),
  MAX_IN_FLIGHT: draw.one(['1', '2', '4', '16']),
  READERS: draw.one(['1', '2', '3']),
});

function behaviourOf(draw: Draw, before: CasePlan['before']): Partial<CosEndpointOptions> {
  const later = 86_400_000;
  return {
    ...(draw.chance(0.15) && { grantSliceSize: draw.one([524_288, 1_048_576, 2_097_152]) }),
    ...(draw.chance(0.1) && { sliceSizes: [1_048_576] }),
    ...(draw.chance(0.15) && { serialUpload: true }),
    ...(draw.chance(0.15) && { closesItself: true }),
    ...(draw.chance(0.2) && { numbersAsStrings: true }),
    ...(draw.chance(0.2) && { shaSuffix: '_1048576' }),
    ...(draw.chance(0.2) && { unknownSessionCode: draw.one([-4018, -5998, -197]) }),
    listForm: draw.one(['array', 'string', 'null-when-empty', 'absent-when-empty']),
    // a clock that is wrong; not where the time of an older file is looked at
    ...(before !== 'older-file' && draw.chance(0.1) && { now: () => Date.now() + later }),
    strictFolders: draw.chance(0.5),
  };
}

const DATA = 'upload_slice_data';
const FINISH = 'upload_slice_finish';
const OPS = [
  'upload_slice_init',
  'upload_slice_list',
  DATA,
  DATA,
  DATA,
  FINISH,
  'stat',
  'create',
  'delete',
  'upload',
];

function cosFaultsOf(draw: Draw, canDamage: boolean): Fault[] {
  const count = draw.one([0, 1, 1, 2, 2, 3, 4, 6]);
  const faults = Array.from({ length: count }, () => cosFault(draw, canDamage));
  const isGap = ({ act }: Fault) => act.kind === 'status' && act.code === -175;
  const first = faults.find(isGap);
  return faults.filter((fault) => !isGap(fault) || fault === first); // more of them is an honest NoProgress
}

function cosFault(draw: Draw, canDamage: boolean): Fault {
  const op = draw.one(OPS);
  const place = { skip: draw.whole(0, op === DATA ? 8 : 1), times: draw.whole(1, op === DATA ? 3 : 2) };
  const anywhere: FaultAct[] = [
    { kind: 'reset-before' },
    { kind: 'reset-after' },
    { kind: 'status', status: 503, code: draw.one([-71, -195, -196, -5997]) },
    { kind: 'html', status: draw.one([502, 504, 200]) },
    { kind: 'truncated' },
    { kind: 'duplicate' },
    { kind: 'answered-with-error', status: draw.one([500, 503]), code: draw.one([-5997, -195]) },
  ];
  const silent: FaultAct = { kind: 'stall', when: draw.one(['before', 'after'] as const), forMs: Infinity };
  const special: Fault[] = [
    { op: DATA, skip: place.skip, act: { kind: 'wrong-md5' }, times: draw.whole(1, 3) },
    {
      op: DATA,
      skip: place.skip,
      act: { kind: canDamage ? 'corrupt' : 'wrong-md5' },
      times: draw.whole(1, 3),
    },
    { op: draw.one([DATA, FINISH]), skip: place.skip, act: { kind: 'forget-session' } },
    {
      op: 'upload_slice_list',
      act: { kind: 'list-lags', slices: draw.whole(1, 5) },
      times: draw.whole(1, 4),
    },
    { op: FINISH, act: { kind: 'status', status: 400, code: -175 }, times: draw.whole(1, 2) },
    { op: draw.one([DATA, FINISH, 'stat']), ...place, act: silent, times: 1 },
  ];
  if (draw.chance(0.01)) return { op: DATA, act: { kind: 'status', status: 400, code: UNKNOWN_CODE } };
  return draw.chance(0.4) ? draw.one(special) : { op, ...place, act: draw.one(anywhere) };
}

function s3FaultsOf(draw: Draw): S3Fault[] {
  const count = draw.one([0, 0, 1, 1, 2, 3]);
  return Array.from({ length: count }, () => {
    const act: S3FaultAct = draw.one([
      { kind: 'status', status: 503, code: 'SlowDown' },
      { kind: 'status', status: 500, code: 'InternalError' },
      { kind: 'reset' },
      { kind: 'truncate' },
      { kind: 'truncate', bytes: draw.whole(0, 700_000) },
      { kind: 'stall-body' },
      { kind: 'delay', ms: 5 },
    ]);
    return {
      op: 'get',
      skip: draw.whole(0, 4),
      times: draw.whole(1, act.kind === 'stall-body' ? 1 : 3),
      act,
    };
  });
}

function happeningsOf(draw: Draw): Happening[] {
  const count = draw.one([0, 0, 1, 1, 2, 3, 4]);
  return Array.from({ length: count }, () => ({
    at: draw.chance(0.5) ? draw.whole(1, 25) : draw.whole(1, 90),
    when: draw.one(['before', 'after'] as const),
    what: draw.one([
      'kill-worker',
      'kill-worker',
      'kill-worker',
      'kill-process',
      'kill-process',
      'duplicate-event',
      'second-execution',
      'second-process',
      'overwrite',
      'cancel',
    ] as const),
  })).sort((a, b) => a.at - b.at);
}
