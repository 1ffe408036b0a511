import * as z from 'zod';
import { type BackfillSummary, backfillInput } from '../records/backfill-job.ts';
import type { BackfillServices, FilePlace, StepTime } from '../services.ts';
import { findExtra } from './find-extra.ts';
import { keepSummary } from './keep-summary.ts';
import { readResults } from './map-results.ts';
import type { OutcomeLine } from './outcome-line.ts';
import { type Count, openCount, summaryOf, wordsOf } from './summary.ts';

/** What the machine knows when the map is over: where its results are, or why it broke. */
const results = z.object({ ResultWriterDetails: z.object({ Bucket: z.string(), Key: z.string() }) });
export const reportInput = backfillInput().extend({
  map: results.optional(),
  mapOfLeft: results.optional(),
  left: z.object({ objects: z.number() }).optional(),
  error: z.object({ Error: z.string(), Cause: z.string().optional() }).optional(),
});
export type ReportInput = z.infer<typeof reportInput>;

type Reported = {
  readonly summary: BackfillSummary;
  readonly sound: boolean;
  readonly subject: string;
  readonly message: string;
};

/**
 * Writes the report: `outcomes.jsonl` with a line for each object, `failed.jsonl` with just those that a next backfill
 * takes as its list, `summary.json`, and for a check with `extra` what is in COS only. The same input gives the same report, so it may run twice.
 */
export async function reportBackfill(
  input: ReportInput,
  services: BackfillServices,
  { signal }: StepTime,
): Promise<Reported> {
  const { bucket, prefix } = input.reports;
  const place = (name: string): FilePlace => ({ bucket, key: `${prefix}/${name}` });
  const count = openCount(services.settings);
  const lines = () => linesOf(input, services, signal);
  if (input.map) await services.files.write(place('outcomes.jsonl'), counted(lines(), count), signal);
  if (count.failed > 0) await services.files.write(place('failed.jsonl'), onlyFailed(lines()), signal);
  const counts = summaryOf(input, count, services.clock(), services.settings.readBytes);
  const { map: _, mapOfLeft: __, left: ___, error: ____, ...asked } = input;
  const looksFurther = asked.extra === true && counts.state === 'complete';
  const summary = looksFurther ? await findExtra({ input: asked }, counts, services, signal) : counts;
  await services.files.write(place('summary.json'), once(JSON.stringify(summary)), signal);
  await keepSummary(asked, summary, services);
  const sound = summary.state === 'complete' && summary.troubles === 0;
  services.log.info('a backfill ended', { jobId: input.jobId, objects: summary.objects, sound });
  return { summary, sound, ...wordsOf(summary) };
}

/** Both passes. What the first one left, and the second did not come to, has failed. */
async function* linesOf(
  { map, mapOfLeft }: ReportInput,
  { files }: BackfillServices,
  signal: AbortSignal,
): AsyncIterable<OutcomeLine> {
  for (const pass of [map, mapOfLeft]) {
    if (!pass) continue;
    const { Bucket: bucket, Key: key } = pass.ResultWriterDetails;
    for await (const line of readResults({ bucket, key }, files, signal)) {
      if (line.outcome !== 'left') yield line;
      else if (pass === mapOfLeft || !mapOfLeft) yield neverDone(line);
    }
  }
}

const neverDone = ({ key, versionId }: OutcomeLine): OutcomeLine => ({
  outcome: 'failed',
  key,
  versionId,
  reason: {
    error: 'BatchFailed',
    message: 'the batch it was in failed as a whole',
    wayOut: 'run the backfill again: what is stored is not sent again',
  },
});

async function* counted(lines: AsyncIterable<OutcomeLine>, count: Count): AsyncIterable<string> {
  for await (const line of lines) {
    count.add(line);
    yield JSON.stringify(line);
  }
}

async function* onlyFailed(lines: AsyncIterable<OutcomeLine>): AsyncIterable<string> {
  for await (const { outcome, key, versionId, reason } of lines)
    if (outcome === 'failed' && key !== undefined)
      yield JSON.stringify({ key, versionId, error: reason?.error });
}

async function* once(line: string): AsyncIterable<string> {
  yield line;
}
