import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Config } from '../config.ts';
import { BadConfig } from '../errors.ts';
import type { Machine } from '../services.ts';

/** Step Functions: it refuses a second execution of the same name for 90 days, so a repeated event starts nothing. */
export function stepFunctionsMachine(
  { MACHINE_ARN: stateMachineArn }: Pick<Config, 'MACHINE_ARN'>,
  client?: SFNClient,
): Machine {
  let sfn = client;
  return {
    async start(name, input) {
      if (stateMachineArn === undefined) throw new BadConfig('MACHINE_ARN is not set');
      sfn ??= new SFNClient({});
      try {
        await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
  };
}
