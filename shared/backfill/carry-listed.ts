import { targetName } from '../cos/target.ts';
import { BudgetUsedUp } from '../errors.ts';
import { type PinnedVersion, relayVersion } from '../events/object-arrived.ts';
import { isHopeless } from '../records/end-reason.ts';
import type { S3Origin } from '../records/source-version.ts';
import { sourceName, type Target } from '../records/target-record.ts';
import { type Transfer, transferId } from '../records/transfer.ts';
import type { BackfillServices, StepTime } from '../services.ts';
import type { Destination } from '../transfer/destination.ts';
import { findingOf } from './evidence.ts';
import { lineOf } from './line-of-transfer.ts';
import type { OutcomeLine } from './outcome-line.ts';

/** A large object: the execution of the relay machine that carries it. */
type LargeObject = { readonly key: string; readonly transferId: string; readonly execution: string };

export type Carried =
  | { readonly kind: 'line'; readonly line: OutcomeLine }
  | { readonly kind: 'large'; readonly large: LargeObject }
  // trouble that passes, or somebody else is at it; `begun` is the transfer that was written down for it
  | { readonly kind: 'again'; readonly begun?: string }
  // the day's egress budget is used up; `until` in ms since the epoch
  | { readonly kind: 'held-back'; readonly until: number };

/** A version as S3 told it now, for one job. */
export type Pinned = PinnedVersion & { readonly to: Destination };

/** One look at an object for a job, which may be the last. */
type Round = {
  readonly job: { readonly jobId: string; readonly startedAt: number };
  readonly last: boolean;
};

/** Version and job tell one claim from the next: by default a version is claimed once, by whatever listing. */
const BY_ANY_LISTING = 'listing';

/**
 * Carries a version that a listing named, unless COS holds it by proof or an event of the key has taken its place. A live
 * event always wins: a listing has no sequencer, so its claim stands before that of any event of the same moment. What an
 * event failed to carry is carried in its name. Throws what will not pass.
 */
export async function carryListed(
  { source, metadata, to }: Pinned,
  { job, last }: Round,
  services: BackfillServices,
  time: StepTime,
): Promise<Carried> {
  const record = await services.store.getTarget(targetName(to.target));
  const file = record?.file?.state === 'stored' && (await services.cos.stat(to.target, time.signal));
  const finding = file ? await findingOf(file, source, record, services) : undefined;
  if (finding?.outcome === 'equal')
    return { kind: 'line', line: { ...named(source), outcome: 'held', evidence: finding.evidence } };

  const claimed = record && isOfVersion(record, source) ? record.owner : undefined;
  const event = claimed && !claimed.listed ? await services.store.get(claimed.transferId) : undefined;
  // one that was begun again may have been so by a batch that died: nobody else would go on with it
  const isCarried = event && isUnderWay(event) && event.execution === 1;
  if (isCarried) return { kind: 'line', line: { ...named(source), outcome: 'live' } };
  const isLeft = event?.state === 'failed' || (event && isUnderWay(event));
  const place = claimed?.sequencer !== undefined ? { sequencer: claimed.sequencer } : {};
  const claims: S3Origin[] = [
    isLeft && event?.source.kind === 's3' ? event.source : { ...source, ...place, listed: BY_ANY_LISTING },
    { ...source, ...place, listed: job.jobId }, // it was stored, or superseded, and is not there any more
  ];
  for (const claim of claims) {
    const relayed = await relay({ source: claim, metadata, to }, services, time, last);
    if (relayed === 'again') return { kind: 'again', begun: transferId(claim, to.target) };
    const { transfer, started } = relayed;
    if (started !== undefined)
      return { kind: 'large', large: { key: source.key, transferId: transfer.id, execution: started } };
    if (isUnderWay(transfer)) return { kind: 'again' };
    const isOld = transfer.updatedAt < job.startedAt && transfer.state !== 'failed';
    if (!isOld || claim === claims.at(-1)) return { kind: 'line', line: lineOf(transfer) };
  }
  return { kind: 'again' };
}

/** The machine is not started but noted: the batch's own flow starts it and waits for it. `again`: trouble that passes. */
async function relay(
  { to, ...version }: Pinned,
  services: BackfillServices,
  time: StepTime,
  last: boolean,
): Promise<{ readonly transfer: Transfer; readonly started: string | undefined } | 'again'> {
  let started: string | undefined;
  const machine = {
    async start(name: string) {
      started = name;
    },
  };
  const noting = { ...services, machine };
  try {
    const transfer = await relayVersion(version, noting, time, { to, last, late: false });
    return { transfer, started };
  } catch (error) {
    if (last || isHopeless(error) || error instanceof BudgetUsedUp) throw error;
    return 'again';
  }
}

const isUnderWay = ({ state }: Transfer): boolean => state === 'opening' || state === 'sending';

const isOfVersion = ({ owner }: Target, source: S3Origin): boolean =>
  owner.sourceName === sourceName(source) &&
  owner.etag === source.etag &&
  owner.versionId === source.versionId &&
  owner.lastModified === source.lastModified;

const named = ({ key, versionId, size }: S3Origin) => ({
  key,
  size,
  ...(versionId !== undefined && { versionId }),
});
