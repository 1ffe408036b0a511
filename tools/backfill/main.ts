import { runToExit, say, UsageError } from '../../local/command.ts';
import { readStage } from '../../local/reach/stage.ts';
import { printable } from '../../local/terminal/columns.ts';
import { beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { findExtra } from '../../shared/backfill/find-extra.ts';
import { stopJob } from '../../shared/backfill/stop-job.ts';
import { wordsOf } from '../../shared/backfill/summary.ts';
import type { BackfillJob, BackfillSummary } from '../../shared/records/backfill-job.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { type Reached, reachRelay } from '../reach-relay.ts';
import { type BackfillArguments, readArguments } from './arguments.ts';
import { USAGE } from './usage.ts';
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
  const job = given.begun ? await knownJob(given.begun.id, services) : await begin(given, services);
  if (given.begun?.stop) return tell(job.summary ?? (await stopJob(job, services)), given);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

  const summary = await watchJob(job, services, interrupted.signal);
  if (summary) {
    const isWhole = given.extra && summary.state === 'complete';
    return tell(isWhole ? await findExtra(job, summary, services, interrupted.signal) : summary, given);
  }
  if (interrupted.signal.aborted) return leave(job, given, services);
  say(`the machine ended without a report: look at execution ${job.id}, then run the same command again`);
  return 1;
}

async function begin(given: BackfillArguments, services: Wired): Promise<BackfillJob> {
  const bucket = given.bucket ?? services.config.SOURCE_BUCKET;
  if (bucket === undefined) throw new UsageError('--bucket is missing; see --help');
  const job = await beginBackfill(given.request(bucket), '', services);
  say(`backfill ${job.id}`);
  return job;
}

async function knownJob(id: string, { jobs }: Wired): Promise<BackfillJob> {
  const job = await jobs.get(id);
  if (!job) throw new UsageError(`there is no backfill ${id}; records expire some time after`);
  return job;
}

/** The machine of a stage runs by itself; the one of this process ends with it. */
async function leave(
  job: BackfillJob,
  { local, stage }: BackfillArguments,
  services: Wired,
): Promise<number> {
  if (local) {
    await stopJob(job, services);
    say('stopped; the same command again goes on: what is stored is not sent again');
    return 130;
  }
  const command = `npm run backfill --${stage === undefined ? '' : ` --stage ${stage}`}`;
  say('the backfill goes on by itself');
  say(`to watch it: ${command} --watch ${job.id}`);
  say(`to stop it:  ${command} --stop ${job.id}`);
  return 130;
}

function tell(summary: BackfillSummary, { json }: BackfillArguments): number {
  const text = json
    ? JSON.stringify(summary)
    : wordsOf(summary).message.split('\n').map(printable).join('\n');
  process.stdout.write(`${text}\n`);
  if (summary.objects === 0 && summary.state === 'complete')
    say('there was no object to look at: check --bucket, --prefix and the list');
  const { outcomes, extra } = summary.files;
  const { bucket } = summary.reports;
  if (outcomes !== undefined) say(`the line of each object: s3://${bucket}/${outcomes}`);
  if (extra !== undefined) say(`what is in COS only: s3://${bucket}/${extra}`);
  return summary.state === 'complete' && summary.troubles === 0 ? 0 : 1;
}

runToExit(main, 'works');
