import type { LocalBackfills } from '../../local/stack/backfill-machine.ts';
import type { AwsStageOptions } from './aws-stage.ts';

export const BACKFILL_ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:relay-backfill';

const STATUS = { running: 'RUNNING', succeeded: 'SUCCEEDED', failed: 'FAILED', stopped: 'ABORTED' } as const;

/** Step Functions in front of the backfills of this machine. */
export const backfillsAsStepFunctions =
  (backfills: LocalBackfills): NonNullable<AwsStageOptions['stepFunctions']> =>
  async (call, given) => {
    const named = String(given.name ?? given.executionArn ?? given.mapRunArn);
    const name = named.split(':').at(-1) ?? '';
    const now = Date.now() / 1_000;
    const run = await backfills.look(name);
    switch (call) {
      case 'StartExecution':
        await backfills.start(name, JSON.parse(String(given.input)));
        return {
          executionArn: `${BACKFILL_ARN.replace('stateMachine', 'execution')}:${name}`,
          startDate: now,
        };
      case 'DescribeExecution':
        return { executionArn: named, status: STATUS[run?.status ?? 'failed'], startDate: now };
      case 'ListMapRuns':
        return { mapRuns: run?.objects ? [{ mapRunArn: `arn:map:${name}`, startDate: now }] : [] };
      case 'DescribeMapRun': {
        const { total = 0, concurrency = 0 } = run?.objects ?? {};
        return { mapRunArn: named, itemCounts: { total }, maxConcurrency: concurrency };
      }
      case 'UpdateMapRun':
        await backfills.setConcurrency(name, Number(given.maxConcurrency));
        return {};
      case 'StopExecution':
        await backfills.stop(name);
        return { stopDate: now };
      default:
        throw new Error(`nobody answers ${call}`);
    }
  };
