import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateMapRunCommand,
} from '@aws-sdk/client-sfn';
import type { Config } from '../config.ts';
import { BadConfig } from '../errors.ts';
import type { BackfillMachine, BackfillRun } from '../services.ts';

const STATUS: Readonly<Record<string, BackfillRun['status']>> = {
  RUNNING: 'running',
  PENDING_REDRIVE: 'running',
  SUCCEEDED: 'succeeded',
  ABORTED: 'stopped',
};

/** Step Functions, as the functions and the command reach it. */
export function stepFunctionsBackfill(
  { BACKFILL_MACHINE_ARN: stateMachineArn }: Pick<Config, 'BACKFILL_MACHINE_ARN'>,
  given?: SFNClient,
): BackfillMachine {
  let sfn = given;
  const open = () => {
    if (stateMachineArn === undefined) throw new BadConfig('BACKFILL_MACHINE_ARN is not set');
    sfn ??= new SFNClient({});
    return { client: sfn, machine: stateMachineArn };
  };
  const executionOf = (machine: string, name: string) =>
    `${machine.replace(':stateMachine:', ':execution:')}:${name}`;
  /** Of the first pass, then of the second, if it came to that. */
  const mapsOf = async (name: string) => {
    const { client, machine } = open();
    const asked = new ListMapRunsCommand({ executionArn: executionOf(machine, name) });
    const { mapRuns = [] } = await client.send(asked);
    return mapRuns
      .toSorted((a, b) => Number(a.startDate) - Number(b.startDate))
      .flatMap(({ mapRunArn }) => mapRunArn ?? []);
  };

  return {
    async start(name, input) {
      const { client, machine } = open();
      try {
        await client.send(
          new StartExecutionCommand({ stateMachineArn: machine, name, input: JSON.stringify(input) }),
        );
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
    async look(name) {
      const { client, machine } = open();
      const asked = new DescribeExecutionCommand({ executionArn: executionOf(machine, name) });
      const execution = await client.send(asked).catch((error: unknown) => {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      });
      if (!execution) return undefined;
      const status = STATUS[execution.status ?? ''] ?? 'failed';
      const [mapRunArn] = await mapsOf(name);
      if (mapRunArn === undefined) return { status };
      const { itemCounts, maxConcurrency = 0 } = await client.send(new DescribeMapRunCommand({ mapRunArn }));
      return { status, objects: { total: itemCounts?.total ?? 0, concurrency: maxConcurrency } };
    },
    async setConcurrency(name, maxConcurrency) {
      const { client } = open();
      const mapRunArn = (await mapsOf(name)).at(-1);
      if (mapRunArn === undefined) return false;
      await client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency }));
      return true;
    },
    async stop(name) {
      const { client, machine } = open();
      const asked = new StopExecutionCommand({
        executionArn: executionOf(machine, name),
        error: 'BackfillStopped',
        cause: 'it was asked to stop',
      });
      await client.send(asked).catch((error: unknown) => {
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
      });
    },
  };
}
