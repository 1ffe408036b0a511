import * as z from 'zod';
import { outcome, type Tally } from '../records/backfill-job.ts';
import { reason } from '../records/end-reason.ts';

/** One line of the report: what became of an object, or how many the filters left out. Sizes in bytes. */
export const outcomeLine = z.object({
  outcome: outcome(),
  key: z.string().optional(),
  versionId: z.string().optional(),
  size: z.number().optional(),
  transferId: z.string().optional(),
  /** What a finding rests on: sha1, receipt, size. */
  evidence: z.string().optional(),
  reason: reason.optional(),
  /** Of `filtered`: one line for all of a batch. */
  count: z.number().optional(),
  /** Of `left`: as the first pass read it. */
  item: z.unknown().optional(),
});
export type OutcomeLine = z.infer<typeof outcomeLine>;

export function tallyOf(lines: readonly OutcomeLine[]): Tally {
  const outcomes: Tally['outcomes'] = {};
  const failures = new Map<string, number>();
  for (const line of lines) {
    const { objects, bytes } = outcomes[line.outcome] ?? { objects: 0, bytes: 0 };
    outcomes[line.outcome] = { objects: objects + (line.count ?? 1), bytes: bytes + (line.size ?? 0) };
    if (line.outcome !== 'failed') continue;
    const error = line.reason?.error ?? 'Error';
    failures.set(error, (failures.get(error) ?? 0) + 1);
  }
  return { outcomes, failures: [...failures].map(([error, objects]) => ({ error, objects })) };
}
