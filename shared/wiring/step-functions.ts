import type { SFNClient } from '@aws-sdk/client-sfn';
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
      // only the few functions that start something load it, and when they do
      const { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } = await import(
        '@aws-sdk/client-sfn'
      );
      sfn ??= new SFNClient({});
      try {
        await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
  };
}
