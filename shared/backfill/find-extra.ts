import { targetName } from '../cos/target.ts';
import type { BackfillJob, BackfillSummary } from '../records/backfill-job.ts';
import { isGone } from '../records/end-reason.ts';
import type { BackfillServices, FilePlace } from '../services.ts';
import { destinationOf, targetPath } from '../transfer/destination.ts';
import { writes } from '../transfer/reach.ts';
import { filesBelow, type ListedFile } from './files-below.ts';
import { keepSummary } from './keep-summary.ts';
import { outcomeLine } from './outcome-line.ts';
import { openPathSet, type PathSet } from './path-set.ts';

/**
 * What a check of a whole bucket or prefix cannot see: files in COS that stand for no object of it. Walks COS, writes a line
 * for each into `extra.jsonl`, and resolves with the summary that counts them.
 */
export async function findExtra(
  { input }: Pick<BackfillJob, 'input'>,
  summary: BackfillSummary,
  services: BackfillServices,
  signal: AbortSignal,
): Promise<BackfillSummary> {
  const { bucket, prefix } = summary.reports;
  const place: FilePlace = { bucket, key: `${prefix}/extra.jsonl` };
  const known = await pathsOf(summary, services, signal);
  let [objects, bytes] = [0, 0];
  async function* lines(): AsyncIterable<string> {
    for await (const file of extraFiles(input, known, services, signal)) {
      objects += 1;
      bytes += file.size;
      yield JSON.stringify({ outcome: 'extra', key: file.path, size: file.size });
    }
  }
  await services.files.write(place, lines(), signal);
  if (objects === 0) return summary;
  const told: BackfillSummary = {
    ...summary,
    objects: summary.objects + objects,
    bytes: summary.bytes + bytes,
    outcomes: { ...summary.outcomes, extra: { objects, bytes } },
    troubles: summary.troubles + objects,
    files: { ...summary.files, extra: place.key },
  };
  return keepSummary(input, told, services);
}

/** Where the objects of the report lie in COS; one that is gone from S3 lies nowhere. */
async function pathsOf(
  { reports, files }: BackfillSummary,
  services: BackfillServices,
  signal: AbortSignal,
): Promise<PathSet> {
  const known = openPathSet();
  if (files.outcomes === undefined) return known;
  const place = { bucket: reports.bucket, key: files.outcomes };
  for await (const text of services.files.lines(place, signal)) {
    if (text === '') continue;
    const { key, outcome } = outcomeLine.parse(JSON.parse(text));
    if (key !== undefined && outcome !== 'gone') known.add(targetPath(services.config.TARGET_PATH, key));
  }
  return known;
}

async function* extraFiles(
  { source, filters }: BackfillJob['input'],
  known: PathSet,
  services: BackfillServices,
  signal: AbortSignal,
): AsyncIterable<ListedFile> {
  const prefix = source.kind === 'bucket' ? source.prefix : '';
  const { target } = destinationOf(services.config, prefix);
  for await (const file of filesBelow(services.cos, target, signal)) {
    if (known.has(file.path)) continue;
    // a caller of the API hears of no file that it may not write
    if (filters.withinReach && !writes(services.config, target.bucket, file.path)) continue;
    const cameSince = await hasSource(source.bucket, { ...target, path: file.path }, services, signal);
    if (!cameSince) yield file;
  }
}

/** An object may have come after the listing: the record of its target then names it, and S3 has it. */
async function hasSource(
  bucket: string,
  target: Parameters<typeof targetName>[0],
  { store, source }: BackfillServices,
  signal: AbortSignal,
): Promise<boolean> {
  const owner = (await store.getTarget(targetName(target)))?.owner.sourceName;
  const ours = `s3:${bucket}/`;
  if (owner === undefined || !owner.startsWith(ours)) return false;
  try {
    await source.pin({ bucket, key: owner.slice(ours.length) }, signal);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
