import type { Origin } from '../records/source-version.ts';
import { type Hold, isHeldAt, type Owner, sourceName, type Target } from '../records/target-record.ts';
import type { EpochMillis } from '../time.ts';

export function ownerOf(transferId: string, source: Origin): Owner {
  if (source.kind === 'client') return { transferId, sourceName: sourceName(source) };
  const { etag, versionId, sequencer, lastModified, listed } = source;
  return {
    transferId,
    sourceName: sourceName(source),
    etag,
    lastModified,
    ...(versionId !== undefined && { versionId }),
    ...(sequencer !== undefined && { sequencer }),
    ...(listed !== undefined && { listed: true }),
  };
}

/**
 * Orders two sequencers of the same key: right-padded with zeros to one length, then as text (Amazon S3 User Guide,
 * "Event message structure"). Negative: `a` is older.
 */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const [left, right] = [a, b].map((text) => text.toLowerCase().padEnd(length, '0'));
  if (left === undefined || right === undefined || left === right) return 0;
  return left < right ? -1 : 1;
}

export type Claim =
  | 'free' // nobody has it, or who had it is done
  | 'mine' // this very transfer owns it: go on
  | 'supersedes' // ours is the newer version of the same source
  | 'older' // a newer version owns it: drop ours
  | 'busy'; // something else is being written to it: wait

/** Who wants the target, and for how long nobody else may write to it. */
export type Claimant = { readonly owner: Owner; readonly hold?: Hold | undefined };

/** Who gets the target. */
export function decideClaim(current: Target | undefined, mine: Claimant, now: EpochMillis): Claim {
  if (!current) return 'free';
  const { owner: theirs, hold } = current;
  const isHeld = isHeldAt(current, now);
  if (theirs.transferId === mine.owner.transferId) {
    const another = hold?.by !== undefined && hold.by !== mine.hold?.by;
    // a session that a late delete takes is opened again; a file that was sent in one request would be gone
    const isRemoved = hold?.removal === true && mine.hold !== undefined;
    return isHeld && (another || isRemoved) ? 'busy' : 'mine';
  }
  // its event comes again, and S3 then says what it is worth
  if (theirs.told) return isHeld || current.active ? 'busy' : 'free';
  const sameSource = theirs.sourceName === mine.owner.sourceName;
  if (sameSource && age(mine.owner, theirs) < 0) return 'older';
  if (isHeld) return 'busy';
  if (!current.active) return 'free';
  // its one request is long over: whoever sent it died, and its event comes again or rests in the dead-letter queue
  if (hold?.by !== undefined && !sameSource) return 'free';
  // an event and a call of the API may name one version twice: neither is newer, so the second waits for the first
  const isNewer = age(mine.owner, theirs) > 0 || isEventOf(mine.owner, theirs);
  return sameSource && isNewer ? 'supersedes' : 'busy';
}

/** The event of the very version that a listing is at, or was when its batch died. */
const isEventOf = (mine: Owner, theirs: Owner): boolean =>
  theirs.listed === true && mine.listed !== true && age(mine, theirs) === 0;

/**
 * Negative: `a` is the older version. A version without a sequencer is ordered by its time; at the same time an event, of
 * a deletion too, stands after a listing, which cannot tell what else that second brought.
 */
function age(a: Owner, b: Owner): number {
  if (a.sequencer !== undefined && b.sequencer !== undefined)
    return compareSequencers(a.sequencer, b.sequencer);
  return (a.lastModified ?? 0) - (b.lastModified ?? 0) || listingsFirst(a, b);
}

const listingsFirst = (a: Owner, b: Owner): number => Number(isListing(b)) - Number(isListing(a));

const isListing = ({ listed, sequencer }: Owner): boolean => listed === true && sequencer === undefined;
