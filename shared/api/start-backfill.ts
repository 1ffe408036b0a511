import {
  BACKFILL_DEFAULTS,
  type BackfillRequest,
  beginBackfill,
  newJobId,
} from '../backfill/begin-backfill.ts';
import type { Config } from '../config.ts';
import { type BackfillSource, listKindOf } from '../records/backfill-job.ts';
import type { BackfillServices } from '../services.ts';
import { readsSome } from '../transfer/reach.ts';
import { mayRead } from './allowed-places.ts';
import { loadBackfillFor } from './backfill-access.ts';
import type { BackfillBody, BackfillView, StartBackfillInput } from './backfill-schemas.ts';
import type { Caller } from './caller.ts';
import { Declined } from './declined.ts';
import { backfillViewOf } from './get-backfill.ts';
import { remember, requestKey } from './idempotency.ts';

/**
 * Starts a backfill in the caller's name; the same Idempotency-Key names the same one. Each of its objects must be within
 * reach too: one that is not fails by name. Throws Declined.
 */
export async function requestBackfill(
  { caller, headers, body }: StartBackfillInput,
  services: BackfillServices,
): Promise<BackfillView> {
  const request = await requestOf(body, caller, services);
  const given = headers['idempotency-key'];
  const id = newJobId(services);
  const named = given === undefined ? id : await remember(requestKey(caller.name, given, body), id, services);
  const job = await beginBackfill(request, caller.name, services, named);
  return backfillViewOf(job, true);
}

async function requestOf(
  { mode, source, filters = {}, concurrency, batch, extra }: BackfillBody,
  caller: Caller,
  services: BackfillServices,
): Promise<BackfillRequest> {
  return {
    mode,
    source:
      'failedOf' in source ? await failedOf(source.failedOf, caller, services) : named(source, services),
    filters: {
      ...filters,
      include: filters.include ?? [],
      exclude: filters.exclude ?? [],
      withinReach: true,
    },
    concurrency: concurrency ?? BACKFILL_DEFAULTS.concurrency,
    batch: batch ?? BACKFILL_DEFAULTS.batch,
    ...(extra && { extra }),
  };
}

function named(
  source: Exclude<BackfillBody['source'], { failedOf: string }>,
  { config }: Pick<BackfillServices, 'config'>,
): BackfillSource {
  if (!('list' in source)) {
    const { bucket, prefix = '' } = source;
    mayRead(config, bucket, prefix);
    return { kind: 'bucket', bucket, prefix };
  }
  const { bucket, list } = source;
  mayRead(config, list.bucket, list.key);
  mayReadSome(config, bucket);
  return { kind: listKindOf(list.key), bucket, list };
}

/** What failed lies in the reports bucket, where no caller may read but by the backfill it belongs to. */
async function failedOf(id: string, caller: Caller, services: BackfillServices): Promise<BackfillSource> {
  const { input, summary } = await loadBackfillFor(caller, id, 'look', services);
  const { bucket, failed } = { ...summary?.reports, ...summary?.files };
  if (bucket === undefined || failed === undefined)
    throw new Declined(
      'no-report',
      summary ? `nothing failed in backfill ${id}` : `backfill ${id} has no report yet`,
      'look at the backfill: its summary counts what failed',
    );
  return { kind: 'lines', bucket: input.source.bucket, list: { bucket, key: failed } };
}

function mayReadSome(config: Config, bucket: string): void {
  if (!readsSome(config, bucket)) mayRead(config, bucket, '');
}
