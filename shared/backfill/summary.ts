import type { BackfillInput, BackfillSummary, Counted, Outcome } from '../records/backfill-job.ts';
import type { EpochMillis } from '../time.ts';
import { costOf } from './cost.ts';
import type { OutcomeLine } from './outcome-line.ts';
import { openWorkload, type WindowSettings, type Workload } from './workload.ts';

type Failure = BackfillSummary['failures'][number];

/** Counts the lines of a report, in memory that does not grow with them. */
export type Count = {
  add(line: OutcomeLine): void;
  readonly work: Omit<Workload, 'batches'>;
  readonly failed: number;
  readonly outcomes: Partial<Record<Outcome, Counted>>;
  readonly failures: readonly Failure[];
};

/** Objects that a failure names as examples. */
const EXAMPLES = 3;
/** Kinds of failures that a summary keeps, the most frequent first. */
const FAILURES = 20;

export function openCount(settings: WindowSettings): Count {
  const work = openWorkload(settings);
  const outcomes: Partial<Record<Outcome, Counted>> = {};
  const failures = new Map<string, Failure>();
  return {
    outcomes,
    get work() {
      return work.sum();
    },
    get failed() {
      return outcomes.failed?.objects ?? 0;
    },
    get failures() {
      return [...failures.values()].sort((a, b) => b.objects - a.objects).slice(0, FAILURES);
    },
    add(line) {
      const { outcome, key = '', size = 0, count = 1, reason } = line;
      work.add(line);
      const { objects, bytes } = outcomes[outcome] ?? { objects: 0, bytes: 0 };
      outcomes[outcome] = { objects: objects + count, bytes: bytes + size };
      if (outcome !== 'failed') return;
      const error = reason?.error ?? 'Error';
      const known = failures.get(error) ?? { error, objects: 0, wayOut: reason?.wayOut, examples: [] };
      const example = { key, reason: (reason?.message ?? '').slice(0, 300) };
      const examples = known.examples.length < EXAMPLES ? [...known.examples, example] : known.examples;
      failures.set(error, { ...known, objects: known.objects + 1, examples });
    },
  };
}

/** What nobody wants to find in a report. */
const TROUBLES: readonly Outcome[] = ['failed', 'differs', 'missing', 'extra'];

export function summaryOf(
  input: BackfillInput & { readonly error?: { readonly Error: string } | undefined },
  { outcomes, failures, failed, work }: Count,
  now: EpochMillis,
  readBytes: number,
): BackfillSummary {
  const { jobId, mode, source, startedAt, reports, error } = input;
  const all = Object.values(outcomes);
  const file = (name: string) => `${reports.prefix}/${name}`;
  const objects = sum(all.map((each) => each.objects));
  const cost = costOf({ ...work, batches: Math.ceil(objects / input.batch) }, readBytes);
  const list = `s3://${reports.bucket}/${file('failed.jsonl')}`;
  return {
    jobId,
    mode,
    source,
    startedAt,
    endedAt: now,
    state: error ? 'broken' : 'complete',
    ...(error && { reason: brokenBy(error.Error) }),
    objects,
    bytes: sum(all.map(({ bytes }) => bytes)),
    outcomes,
    failures: [...failures],
    ...(!error && {
      cost: { ...cost, lines: [...cost.lines], seconds: Math.ceil(cost.seconds / input.concurrency) },
    }),
    troubles: sum(TROUBLES.map((outcome) => outcomes[outcome]?.objects ?? 0)),
    reports,
    files: {
      ...(!error && { outcomes: file('outcomes.jsonl') }),
      ...(failed > 0 && { failed: file('failed.jsonl') }),
    },
    ...(failed > 0 && { redrive: `npm run backfill -- --bucket ${source.bucket} --list ${list}` }),
  };
}

/** Subject and message for people. Subjects of SNS are ASCII, below 100 characters. */
export function wordsOf(summary: BackfillSummary): { readonly subject: string; readonly message: string } {
  const { jobId, mode, state, troubles, objects, outcomes, failures, redrive, reason, cost } = summary;
  const what = mode === 'carry' ? 'Backfill' : mode === 'check' ? 'Check' : 'Dry run';
  const end = state === 'complete' ? (troubles === 0 ? 'complete' : `${troubles} in trouble`) : state;
  const message = [
    `${what} ${jobId}: ${end}, ${objects} objects`,
    ...(reason ? [reason] : []),
    ...Object.entries(outcomes).map(([name, { objects: count }]) => `  ${name}: ${count}`),
    ...failures.map(
      ({ error, objects: count, wayOut }) => `  ${count} x ${error}${wayOut ? ` (${wayOut})` : ''}`,
    ),
    ...(cost && state === 'complete' ? [priceOf(cost, mode)] : []),
    ...(redrive ? [`again, just those: ${redrive}`] : []),
  ];
  return { subject: `${what} ${end}`.slice(0, 99), message: message.join('\n') };
}

function priceOf(
  { aws, egress, prices, seconds }: NonNullable<BackfillSummary['cost']>,
  mode: BackfillSummary['mode'],
): string {
  const dollars = (amount: number) => `$${amount.toFixed(amount < 0.1 ? 4 : 2)}`;
  const bill = `about ${dollars(aws)} of AWS and ${dollars(egress)} of egress by list prices (${prices})`;
  if (mode !== 'plan') return `it took ${bill}`;
  const lasts = seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
  return `carrying it would take ${bill}, and about ${lasts}`;
}

/** The cause that Step Functions gives may quote ARNs and foreign text: the name of the error is enough, with what to do. */
const brokenBy = (error: string): string =>
  error === 'States.ItemReaderFailed'
    ? 'the list of objects cannot be read (States.ItemReaderFailed): check bucket, prefix or list, and that the role may read them'
    : `the map broke (${/^[\w.]{1,80}$/.test(error) ? error : 'unknown error'}): the execution of this job says more`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
