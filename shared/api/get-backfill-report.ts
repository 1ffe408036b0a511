import { type OutcomeLine, outcomeLine } from '../backfill/outcome-line.ts';
import type { BackfillServices, FilePlace, StepTime } from '../services.ts';
import { loadBackfillFor } from './backfill-access.ts';
import type { ReportPageInput, ReportView } from './backfill-schemas.ts';
import { Declined } from './declined.ts';
import { openCursor, sealCursor } from './page-cursor.ts';

const PAGE = 100;
/** Read of the file by one call, in bytes: a page of a rare outcome may be short, or empty. */
const READ_BYTES = 4_194_304;

/** The summary of a backfill, and a page of its lines in the order of the file. Throws Declined, BadInput for a foreign cursor. */
export async function showReport(
  { caller, path: { id }, query: { outcome, limit = PAGE, cursor } }: ReportPageInput,
  services: BackfillServices,
  { signal }: StepTime,
): Promise<ReportView> {
  const { summary } = await loadBackfillFor(caller, id, 'look', services);
  if (!summary) throw new Declined('no-report', 'the report is not written yet', 'ask again when it is over');
  const { reports, files, objects } = summary;
  const file = outcome === 'extra' ? files.extra : files.outcomes;
  if (file === undefined || objects === 0) return { summary, lines: [] };
  const asked = ['report', caller.name, id, outcome ?? ''];
  const { store } = services;
  const from = cursor === undefined ? 0 : Number(openCursor(cursor, asked, await store.seal()));
  const place: FilePlace = { bucket: reports.bucket, key: file };
  const { bytes, size } = await services.files.part(place, { from, length: READ_BYTES }, signal);
  const page = linesIn(bytes, limit, (line) => outcome === undefined || line.outcome === outcome);
  const end = from + page.read;
  return {
    summary,
    lines: page.lines,
    ...(end < size && { next: sealCursor(String(end), asked, await store.seal()) }),
  };
}

const NEWLINE = 10;

/** The whole lines at the beginning of `bytes`, as many as are wanted, and how many bytes were read for them. */
function linesIn(
  bytes: Uint8Array,
  limit: number,
  isWanted: (line: OutcomeLine) => boolean,
): { readonly lines: OutcomeLine[]; readonly read: number } {
  const lines: OutcomeLine[] = [];
  let read = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, read);
    if (end < 0 || lines.length >= limit) return { lines, read };
    const line = outcomeLine.parse(JSON.parse(Buffer.from(bytes.subarray(read, end)).toString()));
    read = end + 1;
    if (isWanted(line)) lines.push(line);
  }
}
