import { isActive, type Transfer } from '../../shared/records/transfer.ts';
import type { Violation } from './run.ts';
import { contentOf, contentOfFile, KEYS, PATH, transfersOf, type World } from './world.ts';

/** When nobody is at work any more: everything has ended, and COS holds what it should. */
export function judgeEnd(world: World): Violation | undefined {
  const all = transfersOf(world);
  const open = all.find(isActive);
  if (open) {
    const text = `the transfer of ${world.nameOf(open.id)} is ${open.state}, and nobody works on it`;
    return { invariant: 'once troubles stop, everything ends', text };
  }
  const dishonest = all.find((one) => one.state === 'failed' && !mayFail(one, world));
  if (dishonest?.state === 'failed') {
    const { error, message } = dishonest.reason;
    const text = `the transfer of ${world.nameOf(dishonest.id)} failed: ${error}: ${message}`;
    return { invariant: 'what can be stored is stored', text };
  }
  return newestWins(all, world);
}

type Failed = Extract<Transfer, { state: 'failed' }>;

/** Honest ends of a run besides being stored. */
function mayFail({ reason, source }: Failed, world: World): boolean {
  const { seen, plan, versions } = world;
  // a batch tries what passes five times, then its report says so
  const isListed = source.kind === 's3' && source.listed !== undefined;
  switch (reason.error) {
    case 'ForeignUpload':
      return plan.env.ON_FOREIGN_UPLOAD === 'fail' && (plan.before === 'foreign-upload' || world.hasOthers());
    case 'TargetExists':
      return plan.env.ON_EXISTING === 'fail'; // an invariant of its own says when
    case 'SourceMissing':
      return seen.deleted || (!plan.versioned && versions.length > 1);
    case 'NoProgress':
      return plan.lifeMs < 900_000 && plan.weather.slow > 0; // whole calls were not long enough for one slice
    case 'SourceUnavailable':
    case 'CosUnavailable':
    case 'ProvisionedThroughputExceededException': // the table's, on the last delivery
      return seen.dropped > 0 || isListed; // what passes is written down when the queue gives up, and its event can be redriven
    case 'TargetBusy':
      return world.hasOthers() || isListed;
    default:
      return false;
  }
}

function newestWins(all: readonly Transfer[], world: World): Violation | undefined {
  const { seen, bucket, cos, config } = world;
  if (world.hasOthers() || seen.dropped > 0) return undefined; // whoever came last won
  const current = bucket.find(KEYS[0]);
  const file = cos.files.get(PATH);
  const there = file ? contentOfFile(file) : 'nothing';
  if (!current) {
    if (config.DELETES === 'ignore' || there === 'nothing' || there === 'foreign') return undefined;
    if (all.some(({ state }) => state === 'cancelled' || state === 'failed')) return undefined;
    return { invariant: 'the newest version wins', text: `S3 holds nothing, COS ${there}` };
  }
  // two empty versions have one ETag: either's bytes are those of the current one
  const same = world.versions.filter(
    ({ object }) => object.etag === current.etag && object.key === current.key,
  );
  const mine = all.filter((one) => same.some(({ content }) => content === contentOf(one, world)));
  const wanted = same[0]?.size === 0 ? 'empty' : same[0]?.content;
  const isStored = mine.some(({ state }) => state === 'stored');
  if (isStored && there !== wanted)
    return { invariant: 'the newest version wins', text: `S3 holds ${wanted}, COS ${there}` };
  const isHonest = mine.some(({ state }) => state === 'failed' || state === 'cancelled');
  if (isStored || isHonest) return undefined;
  const text = `the newest version ${wanted} was not stored: ${mine.map(({ state }) => state).join(', ') || 'no record'}`;
  return { invariant: 'the newest version wins', text };
}
