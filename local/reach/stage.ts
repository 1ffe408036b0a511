import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { asError } from '../../shared/errors.ts';
import { UsageError } from '../command.ts';

const SERVICE = 'cos-slice-relay';

/** What a command must know of a stack that is deployed: the outputs of CloudFormation, and what its functions are given. */
export type Stage = {
  readonly name: string;
  readonly region: string;
  readonly outputs: ReadonlyMap<string, string>;
  /** The environment of the functions; no secret is in it. */
  readonly env: Readonly<Record<string, string>>;
};

type Stacks = Pick<CloudFormationClient, 'send' | 'config'>;

export type StageClients = { readonly cloudFormation: Stacks; readonly lambda: Pick<LambdaClient, 'send'> };

/** Reads a stage in the region and account of the caller's credentials. Throws UsageError where there is none. */
export async function readStage(name: string, clients: StageClients = openClients()): Promise<Stage> {
  const [outputs, worker] = await Promise.all([
    outputsOf(name, clients.cloudFormation),
    clients.lambda
      .send(new GetFunctionConfigurationCommand({ FunctionName: functionName(name, WORKER) }))
      .catch((thrown: unknown) => absent(thrown, name, clients.cloudFormation)),
  ]);
  const region = await clients.cloudFormation.config.region();
  return { name, region, outputs, env: worker.Environment?.Variables ?? {} };
}

/** The address of the API of a stage: the right to read the stack is enough. Throws UsageError where there is none. */
export async function apiOfStage(
  name: string,
  region: string,
  stacks: Stacks = new CloudFormationClient({ region }),
): Promise<URL> {
  const url = URL.parse((await outputsOf(name, stacks)).get('HttpApiUrl') ?? '');
  if (url) return url;
  throw new UsageError(`the stack of stage ${name} names no HttpApiUrl: deploy it again, or say --api URL`);
}

async function outputsOf(name: string, stacks: Stacks): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await stacks
    .send(new DescribeStacksCommand({ StackName: `${SERVICE}-${name}` }))
    .catch((thrown: unknown) => absent(thrown, name, stacks));
  return new Map(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}

/** Every function is given the same environment; this one has no other name in any release. */
export const WORKER = 'upload-slices';

export const functionName = (stage: string, name: string): string => `${SERVICE}-${stage}-${name}`;

/** Of CloudFormation for a stack, of Lambda for a function that is not there. */
const ABSENT = new Set(['ValidationError', 'ResourceNotFoundException']);

/** Throws what CloudFormation or Lambda said, as UsageError if it means that there is no such stage. */
async function absent(thrown: unknown, name: string, { config }: Stacks): Promise<never> {
  const cause = asError(thrown);
  const region = await config.region();
  const stack = `${SERVICE}-${name}`;
  if (!ABSENT.has(cause.name))
    throw new Error(
      `the stack ${stack} in ${region} cannot be read: ${cause.message}; check your AWS credentials`,
      { cause },
    );
  throw new UsageError(
    `no stage ${name} (stack ${stack}) in ${region}: say --stage as it was deployed, and set AWS_REGION`,
    { cause },
  );
}

const openClients = (): StageClients => ({
  cloudFormation: new CloudFormationClient({}),
  lambda: new LambdaClient({}),
});
