import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { asError, BadInput } from '../../shared/errors.ts';

/** The address of the API of a deployed stage, from its stack's outputs. Throws BadInput. */
export async function apiOfStage(stage: string, region: string): Promise<URL> {
  const name = `cos-slice-relay-${stage}`;
  const client = new CloudFormationClient({ region });
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = Stacks[0]?.Outputs ?? [];
    const url = URL.parse(outputs.find(({ OutputKey }) => OutputKey === 'HttpApiUrl')?.OutputValue ?? '');
    if (url) return url;
    throw new BadInput(`the stack ${name} names no HttpApiUrl`, {
      wayOut: 'deploy it again, or say --api URL',
    });
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(`the stack ${name} in ${region} cannot be read: ${asError(error).message}`, {
      cause: error,
      wayOut: 'check --stage, --region and your AWS credentials, or say --api URL',
    });
  } finally {
    client.destroy();
  }
}

/** Calls are signed for the region where the API is. */
export function regionOf(
  api: string | undefined,
  region: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const inAddress = /\.execute-api\.([a-z0-9-]+)\.amazonaws\./.exec(api ?? '')?.[1];
  return region ?? inAddress ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1');
}
