import * as z from 'zod';
import type { FilePlace, ReportFiles } from '../services.ts';
import { readItem } from './listed-object.ts';
import { type OutcomeLine, outcomeLine } from './outcome-line.ts';

const file = z.object({ Key: z.string() });
/** `manifest.json` of a ResultWriter (Step Functions Developer Guide, "ResultWriter"). */
const manifest = z.object({
  DestinationBucket: z.string(),
  ResultFiles: z.object({
    SUCCEEDED: z.array(file).default([]),
    FAILED: z.array(file).default([]),
    PENDING: z.array(file).default([]),
  }),
});
/** A child that failed is written as it was, whatever the transformation; its input is text. */
const failedChild = z.object({
  Input: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(
      z.object({
        BatchInput: z.object({ source: z.object({ kind: z.enum(['bucket', 'csv', 'lines', 'inventory']) }) }),
        Items: z.array(z.unknown()),
      }),
    ),
});

/** Every line of a map's results; the objects of a child that failed as a whole are left, each by name. */
export async function* readResults(
  place: FilePlace,
  files: ReportFiles,
  signal: AbortSignal,
): AsyncIterable<OutcomeLine> {
  const { DestinationBucket: bucket, ResultFiles } = manifest.parse(
    JSON.parse(await wholeText(place, files, signal)),
  );
  for (const { Key: key } of ResultFiles.SUCCEEDED)
    for await (const line of files.lines({ bucket, key }, signal))
      if (line.trim() !== '') yield outcomeLine.parse(JSON.parse(line));
  for (const { Key: key } of [...ResultFiles.FAILED, ...ResultFiles.PENDING])
    for (const child of children(await wholeText({ bucket, key }, files, signal)))
      yield* linesOfFailed(child);
}

/** Few fail as a whole, so they are read whole: JSON, or a line each. */
function children(text: string): z.infer<typeof failedChild>[] {
  const all = text.trimStart().startsWith('[')
    ? JSON.parse(text)
    : text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]));
  return z.array(failedChild).parse(all);
}

/** Of a batch that failed as a whole, everything is left. */
function* linesOfFailed({ Input }: z.infer<typeof failedChild>): Iterable<OutcomeLine> {
  const { kind } = Input.BatchInput.source;
  for (const item of Input.Items) {
    const object = readItem(kind, item);
    if (object) yield { outcome: 'left', key: object.key, versionId: object.versionId, item };
  }
}

async function wholeText(place: FilePlace, files: ReportFiles, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  for await (const line of files.lines(place, signal)) lines.push(line);
  return lines.join('\n');
}
