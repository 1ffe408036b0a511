import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { UsageError } from '../local/command.ts';
import { asError } from '../shared/errors.ts';

const SERVICE = 'cos-slice-relay';

/** What a command must know of a stack that is deployed: the outputs of CloudFormation, and what its functions are given. */
export type Stage = {
  readonly name: string;
  readonly region: string;
  readonly outputs: ReadonlyMap<string, string>;
  /** The environment of the functions; no secret is in it. */
  readonly env: Readonly<Record<string, string>>;
};

export type StageClients = {
  readonly cloudFormation: Pick<CloudFormationClient, 'send' | 'config'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
};

/** Reads a stage in the region and account of the caller's credentials. Throws UsageError where there is none. */
export async function readStage(name: string, clients: StageClients = openClients()): Promise<Stage> {
  const stack = `${SERVICE}-${name}`;
  const region = await clients.cloudFormation.config.region();
  const [description, worker] = await Promise.all([
    clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stack })),
    clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName(name, WORKER) })),
  ]).catch((thrown: unknown) => {
    const cause = asError(thrown);
    if (!ABSENT.has(cause.name)) throw cause;
    throw new UsageError(
      `no stage ${name} (stack ${stack}) in ${region}: say --stage as it was deployed, and set AWS_REGION`,
      { cause },
    );
  });
  const outputs = (description.Stacks?.[0]?.Outputs ?? []).map(
    ({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue] as const,
  );
  return { name, region, outputs: new Map(outputs), env: worker.Environment?.Variables ?? {} };
}

/** Every function is given the same environment; this one has no other name in any release. */
export const WORKER = 'upload-slices';

export const functionName = (stage: string, name: string): string => `${SERVICE}-${stage}-${name}`;

/** Of CloudFormation for a stack, of Lambda for a function that is not there. */
const ABSENT = new Set(['ValidationError', 'ResourceNotFoundException']);

const openClients = (): StageClients => ({
  cloudFormation: new CloudFormationClient({}),
  lambda: new LambdaClient({}),
});
