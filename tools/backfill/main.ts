import { runToExit, say, UsageError } from '../../local/command.ts';
import { beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { findExtra } from '../../shared/backfill/find-extra.ts';
import { wordsOf } from '../../shared/backfill/summary.ts';
import type { BackfillSummary } from '../../shared/records/backfill-job.ts';
import { type Reached, reachRelay } from '../reach-relay.ts';
import { printable } from '../receipt-rows.ts';
import { readStage } from '../stage.ts';
import { type BackfillArguments, readArguments, USAGE } from './arguments.ts';
import { watchJob } from './watch-job.ts';

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2), Date.now());
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const stage = given.stage === undefined ? undefined : await readStage(given.stage);
  const relay = await reachRelay({ local: given.local, data: given.data, stage }, process.env);
  try {
    return await run(given, relay);
  } finally {
    await relay.close();
  }
}

async function run(given: BackfillArguments, { services }: Reached): Promise<number> {
  const bucket = given.bucket ?? services.config.SOURCE_BUCKET;
  if (bucket === undefined) throw new UsageError('--bucket is missing; see --help');
  const job = await beginBackfill(given.request(bucket), '', services);
  say(`backfill ${job.id}`);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

  const summary = await watchJob(job, services, interrupted.signal);
  if (summary) {
    const isWhole = given.extra && summary.state === 'complete';
    const told = isWhole ? await findExtra(job, summary, services, interrupted.signal) : summary;
    return tell(told, given.json);
  }
  if (!interrupted.signal.aborted) {
    say(`the machine ended without a report: look at execution ${job.id}, then run the same command again`);
    return 1;
  }
  if (given.local) say('stopped; the same command again goes on: what is stored is not sent again');
  else {
    say('the job goes on; the console of Step Functions shows it and stops it:');
    say(`${services.config.BACKFILL_MACHINE_ARN ?? 'the backfill machine'}, execution ${job.id}`);
  }
  return 130;
}

function tell(summary: BackfillSummary, json: boolean): number {
  const text = json
    ? JSON.stringify(summary)
    : wordsOf(summary).message.split('\n').map(printable).join('\n');
  process.stdout.write(`${text}\n`);
  const { outcomes, extra } = summary.files;
  const { bucket } = summary.reports;
  if (outcomes !== undefined) say(`the line of each object: s3://${bucket}/${outcomes}`);
  if (extra !== undefined) say(`what is in COS only: s3://${bucket}/${extra}`);
  return summary.state === 'complete' && summary.troubles === 0 ? 0 : 1;
}

runToExit(main);
