import { type CosTarget, pathProblem } from '../cos/target.ts';
import type { BackfillInput } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { reads, writes } from '../transfer/reach.ts';
import type { ListedObject } from './listed-object.ts';
import type { OutcomeLine } from './outcome-line.ts';

/** What is known of an object without asking S3 or COS; undefined if they must be asked. */
export function withoutAsking(
  { storageClass, lastModified }: ListedObject,
  target: CosTarget,
  job: Pick<BackfillInput, 'source' | 'startedAt' | 'mode'>,
  { config }: Pick<BackfillServices, 'config'>,
): Omit<OutcomeLine, 'key'> | undefined {
  const problem = pathProblem(target.path);
  if (problem !== undefined) {
    const message = `COS cannot hold a file named ${JSON.stringify(target.path)}: ${problem}`;
    const wayOut = 'rename the object, or map its key with TARGET_PATH';
    return { outcome: 'bad-name', reason: { error: 'BadInput', message, wayOut } };
  }
  if (storageClass !== undefined && ARCHIVES.includes(storageClass)) {
    const wayOut = 'restore the objects (S3 Batch Operations can), then run the backfill again';
    const message = `S3 keeps it in ${storageClass}: it must be restored before it can be read`;
    return { outcome: 'archived', reason: { error: 'SourceArchived', message, wayOut } };
  }
  // its event is on the way, and knows better where it stands among the versions of its key
  const isNew = job.mode === 'carry' && (lastModified ?? 0) >= job.startedAt;
  return isNew && job.source.bucket === config.SOURCE_BUCKET ? { outcome: 'live' } : undefined;
}

/** What a caller of the API asked for and may not read or write; by a list each key may be one. */
export function outOfReach(
  { source, filters }: Pick<BackfillInput, 'source' | 'filters'>,
  key: string,
  { bucket, path }: CosTarget,
  { config }: Pick<BackfillServices, 'config'>,
): Omit<OutcomeLine, 'key'> | undefined {
  if (!filters.withinReach) return undefined;
  if (reads(config, source.bucket, key) && writes(config, bucket, path)) return undefined;
  const message = 'the source or its target is outside what callers of the API may read or write';
  const wayOut = 'name objects that ALLOWED_SOURCES and ALLOWED_TARGETS cover, or have those extended';
  return { outcome: 'failed', reason: { error: 'NotAllowed', message, wayOut } };
}

/** Storage classes, and tiers of Intelligent-Tiering, that GET refuses; GLACIER_IR is read like any other. */
const ARCHIVES: readonly string[] = [
  'GLACIER',
  'DEEP_ARCHIVE',
  'ARCHIVE',
  'ARCHIVE_ACCESS',
  'DEEP_ARCHIVE_ACCESS',
];
