import type { BackfillInput, BackfillSummary, Counted, Outcome } from '../records/backfill-job.ts';
import type { EpochMillis } from '../time.ts';
import type { OutcomeLine } from './outcome-line.ts';

type Failure = BackfillSummary['failures'][number];

/** Counts the lines of a report, in memory that does not grow with them. */
export type Count = {
  add(line: OutcomeLine): void;
  readonly failed: number;
  readonly outcomes: Partial<Record<Outcome, Counted>>;
  readonly failures: readonly Failure[];
};

/** Objects that a failure names as examples. */
const EXAMPLES = 3;
/** Kinds of failures that a summary keeps, the most frequent first. */
const FAILURES = 20;

export function openCount(): Count {
  const outcomes: Partial<Record<Outcome, Counted>> = {};
  const failures = new Map<string, Failure>();
  return {
    outcomes,
    get failed() {
      return outcomes.failed?.objects ?? 0;
    },
    get failures() {
      return [...failures.values()].sort((a, b) => b.objects - a.objects).slice(0, FAILURES);
    },
    add({ outcome, key = '', size = 0, count = 1, reason }) {
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
  { outcomes, failures, failed }: Count,
  now: EpochMillis,
): BackfillSummary {
  const { jobId, mode, source, startedAt, reports, error } = input;
  const all = Object.values(outcomes);
  const file = (name: string) => `${reports.prefix}/${name}`;
  const list = `s3://${reports.bucket}/${file('failed.jsonl')}`;
  return {
    jobId,
    mode,
    source,
    startedAt,
    endedAt: now,
    state: error ? 'broken' : 'complete',
    ...(error && { reason: brokenBy(error.Error) }),
    objects: sum(all.map(({ objects }) => objects)),
    bytes: sum(all.map(({ bytes }) => bytes)),
    outcomes,
    failures: [...failures],
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
  const { jobId, mode, state, troubles, objects, outcomes, failures, redrive, reason } = summary;
  const what = mode === 'carry' ? 'Backfill' : mode === 'check' ? 'Check' : 'Dry run';
  const end = state === 'complete' ? (troubles === 0 ? 'complete' : `${troubles} in trouble`) : state;
  const message = [
    `${what} ${jobId}: ${end}, ${objects} objects`,
    ...(reason ? [reason] : []),
    ...Object.entries(outcomes).map(([name, { objects: count }]) => `  ${name}: ${count}`),
    ...failures.map(
      ({ error, objects: count, wayOut }) => `  ${count} x ${error}${wayOut ? ` (${wayOut})` : ''}`,
    ),
    ...(redrive ? [`again, just those: ${redrive}`] : []),
  ];
  return { subject: `${what} ${end}`.slice(0, 99), message: message.join('\n') };
}

/** The cause that Step Functions gives may quote ARNs and foreign text: the name of the error is enough, with what to do. */
const brokenBy = (error: string): string =>
  error === 'States.ItemReaderFailed'
    ? 'the list of objects cannot be read (States.ItemReaderFailed): check bucket, prefix or list, and that the role may read them'
    : `the map broke (${/^[\w.]{1,80}$/.test(error) ? error : 'unknown error'}): the execution of this job says more`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
