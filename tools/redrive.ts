import { type Message, SQSClient } from '@aws-sdk/client-sqs';
import { readWords, runToExit, say, UsageError } from '../local/command.ts';
import { readStage, type Stage } from '../local/reach/stage.ts';
import { asError, UnknownTransfer } from '../shared/errors.ts';
import type { Transfer } from '../shared/records/transfer.ts';
import type { Wired } from '../shared/wiring/wiring.ts';
import { type Queues, reasonFor, redriveDeadLetters } from './dead-letters.ts';
import { restartTransfer } from './failed-transfers.ts';
import { type Reached, reachRelay } from './reach-relay.ts';
import { readSince, transfersSince } from './since.ts';

const USAGE = `Usage: npm run redrive [-- --id ID]... [-- --since WHEN] [-- --stage STAGE | --local]

Begins again what failed; only what COS does not hold yet is sent. Without --id and --since it moves every event of the
dead-letter queue back to the queue of events and says why each had been given up.

  --id ID       a transfer, by its id; more than once for more of them
  --since WHEN  all transfers that failed since then: 2026-11-01, 2026-11-01T12:00:00Z, 90m, 6h or 7d ago
  --stage STAGE one that is deployed, in the account and region of your AWS credentials
  --local       the relay on this machine, where npm start and npm run dev keep it (they must not be running)
  --data DIR    its state (RELAY_DATA, default .relay)
  --help        this text

Without --stage and --local it wants the environment of the functions, MACHINE_ARN among it, and for the dead letters
EVENTS_QUEUE_URL and DEAD_LETTER_QUEUE_URL: the stack's outputs EventQueueUrl and DeadLetterQueueUrl.

Exit codes: 0 done, 1 something could not be begun again, 2 bad arguments or configuration.
`;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const since = given.since === undefined ? undefined : readSince(given.since, Date.now());
  const ids = given.id ?? [];
  const byTable = ids.length > 0 || since !== undefined;
  const stage = given.stage === undefined ? undefined : await readStage(given.stage);
  const queues = byTable ? undefined : stage ? queuesOfStage(stage) : queuesOf(process.env);
  const relay = await reachRelay({ local: given.local ?? false, data: given.data, stage }, process.env);
  try {
    if (queues) return await redriveQueue(queues, relay.services);
    return await redriveTable(ids, since, relay);
  } finally {
    await relay.close();
  }
}

async function redriveQueue(queues: Queues, services: Wired): Promise<number> {
  const sqs = new SQSClient({});
  const show = async ({ MessageId, Body = '' }: Message) => {
    for (const reason of await reasonFor(Body, services)) say(`${MessageId} ${reason}`);
  };
  const moved = await redriveDeadLetters(queues, sqs, show);
  sqs.destroy();
  say(`${moved} events were moved back`);
  return 0;
}

async function redriveTable(
  ids: readonly string[],
  since: number | undefined,
  { services, idle }: Reached,
): Promise<number> {
  let [begun, trouble] = [0, 0];
  const begin = async (transfer: Transfer) => {
    const outcome = await restartTransfer(transfer, services);
    const why = 'reason' in transfer ? ` after ${transfer.reason.error}: ${transfer.reason.message}` : '';
    say(
      `${transfer.id} ${outcome.kind === 'started' ? `begins again${why}` : `is let be: ${outcome.because}`}`,
    );
    if (outcome.kind === 'started') begun += 1;
  };
  const attempt = (work: () => Promise<void>) =>
    work().catch((error: unknown) => {
      trouble += 1;
      say(`error: ${asError(error).message}`);
    });
  for (const id of ids) {
    await attempt(async () => {
      const transfer = await services.store.get(id);
      if (!transfer) throw new UnknownTransfer(`no transfer ${id}`);
      await begin(transfer);
    });
  }
  if (since !== undefined) {
    for await (const transfer of transfersSince(services.store, 'failed', since))
      await attempt(() => begin(transfer));
  }
  say(`${begun} transfers begin again`);
  await idle();
  return trouble === 0 ? 0 : 1;
}

/** Throws UsageError for a stack of a release that had no such outputs. */
function queuesOfStage({ name, outputs }: Stage): Queues {
  const [events, deadLetters] = [outputs.get('EventQueueUrl'), outputs.get('DeadLetterQueueUrl')];
  if (events && deadLetters) return { events, deadLetters };
  throw new UsageError(`stage ${name} tells no queues: deploy it again, or say --id or --since; see --help`);
}

/** Throws UsageError. */
function queuesOf({
  EVENTS_QUEUE_URL: events,
  DEAD_LETTER_QUEUE_URL: deadLetters,
}: NodeJS.ProcessEnv): Queues {
  if (events && deadLetters) return { events, deadLetters };
  throw new UsageError('set EVENTS_QUEUE_URL and DEAD_LETTER_QUEUE_URL, or say --id or --since; see --help');
}

function readArguments(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      id: { type: 'string', multiple: true },
      since: { type: 'string' },
      stage: { type: 'string' },
      local: { type: 'boolean' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

runToExit(main, 'works');
