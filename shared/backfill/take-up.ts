import { targetName } from '../cos/target.ts';
import { asError, BudgetUsedUp, RelayError } from '../errors.ts';
import type { BackfillInput } from '../records/backfill-job.ts';
import { isGone, isHopeless, reasonOf } from '../records/end-reason.ts';
import { makeDirectories } from '../relay/make-directories.ts';
import { mustBeReadable } from '../relay/must-be-readable.ts';
import type { BackfillServices, StepTime } from '../services.ts';
import { destinationOf } from '../transfer/destination.ts';
import { type Carried, carryListed, type Pinned } from './carry-listed.ts';
import { findingOf } from './evidence.ts';
import { OUTCOME_OF } from './line-of-transfer.ts';
import type { ListedObject } from './listed-object.ts';
import type { OutcomeLine } from './outcome-line.ts';
import { outOfReach, withoutAsking } from './without-asking.ts';

export type BatchJob = Pick<BackfillInput, 'jobId' | 'mode' | 'source' | 'filters' | 'startedAt'>;

/** One look of a job at the objects of a batch. */
type BatchRound = {
  readonly job: BatchJob;
  /** What is not done now counts as failed. */
  readonly last: boolean;
  /** Whether the filters leave an object in. */
  readonly counts: (object: ListedObject) => boolean;
};

/** Does with one object what the job is about. Never throws: what passes comes again, unless it is the `last` try. */
export async function takeUp(
  object: ListedObject,
  { job, last, counts }: BatchRound,
  services: BackfillServices,
  time: StepTime,
): Promise<Carried> {
  const { key } = object;
  const line = (found: Omit<OutcomeLine, 'key'>): Carried => ({
    kind: 'line',
    line: { key, ...(object.size !== undefined && { size: object.size }), ...found },
  });
  const to = destinationOf(services.config, key);
  try {
    const refused = outOfReach(job, key, to.target, services);
    if (refused) return line(refused);
    if (isFolder(object)) {
      if (job.mode === 'carry') await makeDirectories(services.cos, to.target, time.signal);
      return line({ outcome: job.mode === 'carry' ? 'stored' : 'held', size: 0 });
    }
    const known = withoutAsking(object, to.target, job, services);
    if (known) return line(known);
    const named = { bucket: job.source.bucket, key, versionId: object.versionId };
    const pinned = mustBeReadable(await services.source.pin(named, time.signal));
    const facts = { ...object, size: pinned.object.size, lastModified: pinned.object.lastModified };
    if (!counts(facts)) return line({ outcome: 'filtered', size: facts.size });
    const younger = withoutAsking(facts, to.target, job, services); // a list tells no times
    if (younger) return line({ ...younger, size: facts.size });
    const version: Pinned = { source: { kind: 's3', ...pinned.object }, metadata: pinned.metadata, to };
    return job.mode === 'carry'
      ? await carryListed(version, { job, last }, services, time)
      : line({ size: facts.size, ...(await look(version, job.mode, services, time)) });
  } catch (error) {
    if (error instanceof BudgetUsedUp) return { kind: 'held-back', until: error.until };
    if (isGone(error)) return line({ outcome: 'gone' });
    if (!last && !isHopeless(error)) return { kind: 'again' };
    const reason = reasonOf(error);
    if (!(error instanceof RelayError))
      services.log.warn('an object of a backfill failed', { key, error: asError(error).name });
    return line({ outcome: OUTCOME_OF.get(reason.error) ?? 'failed', reason });
  }
}

/** What the S3 console makes of "Create folder": a directory, and no file. */
const isFolder = ({ key, size }: ListedObject): boolean => key.endsWith('/') && size === 0;

/** Sends nothing: what COS holds of it, or whether it would be sent. */
async function look(
  { source, to }: Pinned,
  mode: BatchJob['mode'],
  services: BackfillServices,
  time: StepTime,
): Promise<Omit<OutcomeLine, 'key'>> {
  const record = await services.store.getTarget(targetName(to.target));
  const file = await services.cos.stat(to.target, time.signal);
  const finding = await findingOf(file, source, record, services);
  if (mode === 'check') return finding;
  return finding.outcome === 'equal'
    ? { outcome: 'held', ...(finding.evidence && { evidence: finding.evidence }) }
    : { outcome: 'to-send' };
}
