import type { BackfillServices, FilePlace, StepTime } from '../services.ts';
import { readResults } from './map-results.ts';
import type { ReportInput } from './report-backfill.ts';

/** The list of what the first pass left, how many objects of it make a batch of the second, and how many batches go at once. */
type Left = {
  readonly objects: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly list: FilePlace;
};

/** Below this many, each object left is a batch of its own, so that large ones go side by side. */
const SPREAD = 1_000;

/** Writes the list of what the first pass left: large objects, trouble that passes, batches that failed as a whole. */
export async function gatherLeft(
  { jobId, map, reports, batch, concurrency: asked }: ReportInput,
  { files, jobs }: BackfillServices,
  { signal }: StepTime,
): Promise<Left> {
  const list = { bucket: reports.bucket, key: `${reports.prefix}/left.jsonl` };
  let objects = 0;
  async function* items(): AsyncIterable<string> {
    if (!map) return;
    const { Bucket: bucket, Key: key } = map.ResultWriterDetails;
    for await (const { outcome, item } of readResults({ bucket, key }, files, signal)) {
      if (outcome !== 'left') continue;
      objects += 1;
      yield JSON.stringify(item);
    }
  }
  await files.write(list, items(), signal);
  const concurrency = (await jobs.get(jobId))?.concurrency ?? asked;
  return { objects, batch: Math.min(batch, Math.max(1, Math.ceil(objects / SPREAD))), concurrency, list };
}
