import type { Config } from '../config.ts';
import type { BackfillJob } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { reads, readsSome } from '../transfer/reach.ts';
import { isShared, type Wish } from './access.ts';
import type { Caller } from './caller.ts';
import { Declined } from './declined.ts';

/**
 * The backfill, for a caller who may do this to it: every call by id begins here, under the rule of the transfers. Throws
 * Declined: for one that is not there, out of reach or somebody else's without saying which.
 */
export async function loadBackfillFor(
  caller: Caller,
  id: string,
  wish: Wish,
  { jobs, config }: Pick<BackfillServices, 'jobs' | 'config'>,
): Promise<BackfillJob> {
  const job = await jobs.get(id);
  const may = job ? accessToBackfill(job, caller, config) : 'none';
  if (!job || may === 'none')
    throw new Declined(
      'unknown-backfill',
      `no backfill ${id}`,
      'check the id; records expire some time after',
    );
  if (may === 'look' && wish === 'act')
    throw new Declined(
      'read-only',
      'an operator or a schedule began this backfill; you may only look at it',
      'ask an operator, or start a backfill of your own',
    );
  return job;
}

/** What this caller may do to a backfill. Lists show what is not `none`. */
export function accessToBackfill(
  { owner, input: { source } }: Pick<BackfillJob, 'owner' | 'input'>,
  caller: Caller,
  config: Config,
): Wish | 'none' {
  const inReach =
    source.kind === 'bucket' ? reads(config, source.bucket, source.prefix) : readsSome(config, source.bucket);
  if (!inReach) return 'none';
  if (isShared(caller, config) || owner === caller.name) return 'act';
  return owner === '' ? 'look' : 'none'; // an operator's, or the schedule's
}
