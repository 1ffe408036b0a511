import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

type Json = Record<string, unknown>;
type Texts = Readonly<Record<string, string>>;

export type AwsStageOptions = {
  /** The outputs of each stack, by the stack's name. */
  readonly stacks: Readonly<Record<string, Texts>>;
  /** The environment of every function of these stacks. */
  readonly variables?: Texts;
  /** What Step Functions answers to a call. */
  readonly stepFunctions?: (call: string, given: Json) => Promise<Json>;
};

export type AwsStage = AsyncDisposable & {
  /** What a process needs to find this AWS, besides S3, DynamoDB and SQS. */
  readonly env: Texts;
  /** Each call, by name. */
  readonly calls: readonly string[];
};

type Answer = { readonly status?: number; readonly type: string; readonly body: string };

/**
 * As much of AWS as a command needs to find a stage that is deployed: CloudFormation's description of a stack, the environment
 * that Lambda gives a function, and Step Functions. What is not there is told in the words of each service.
 */
export async function startAwsStage(options: AwsStageOptions): Promise<AwsStage> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const asked = askedOf(request, await text(request));
    calls.push(asked.call);
    const { status = 200, type, body } = await answer(asked, options);
    response.writeHead(status, { 'content-type': type, ...(status === 404 && NOT_FOUND) }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    calls,
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_CLOUDFORMATION: origin,
      AWS_ENDPOINT_URL_LAMBDA: origin,
      AWS_ENDPOINT_URL_SFN: origin,
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** How Lambda names its errors. */
const NOT_FOUND = { 'x-amzn-errortype': 'ResourceNotFoundException' };

type Asked =
  | { readonly service: 'states'; readonly call: string; readonly given: Json }
  | { readonly service: 'lambda'; readonly call: 'GetFunctionConfiguration'; readonly name: string }
  | { readonly service: 'cloudformation'; readonly call: string; readonly name: string };

function askedOf(request: IncomingMessage, body: string): Asked {
  const [, target] = String(request.headers['x-amz-target'] ?? '').split('.');
  if (target !== undefined) return { service: 'states', call: target, given: JSON.parse(body) };
  const name = /^\/2015-03-31\/functions\/([^/]+)\/configuration/.exec(request.url ?? '')?.[1];
  if (name !== undefined) return { service: 'lambda', call: 'GetFunctionConfiguration', name };
  const words = new URLSearchParams(body);
  return {
    service: 'cloudformation',
    call: words.get('Action') ?? '?',
    name: words.get('StackName') ?? '',
  };
}

async function answer(asked: Asked, { stacks, variables, stepFunctions }: AwsStageOptions): Promise<Answer> {
  switch (asked.service) {
    case 'states': {
      if (!stepFunctions) throw new Error(`nobody answers ${asked.call}`);
      const body = JSON.stringify(await stepFunctions(asked.call, asked.given));
      return { type: 'application/x-amz-json-1.0', body };
    }
    case 'lambda': {
      const type = 'application/json';
      const isThere = Object.keys(stacks).some((stack) => asked.name.startsWith(`${stack}-`));
      const body = JSON.stringify(isThere ? { Environment: { Variables: variables } } : {});
      return { ...(!isThere && { status: 404 }), type, body };
    }
    case 'cloudformation': {
      const outputs = Object.entries(stacks).find(([name]) => name === asked.name)?.[1];
      return { ...(!outputs && { status: 400 }), type: 'text/xml', body: stackXml(asked.name, outputs) };
    }
  }
}

/** What CloudFormation answers to DescribeStacks (API version 2010-05-15), with what is read of it. */
function stackXml(name: string, outputs: Texts | undefined): string {
  if (!outputs)
    return `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`;
  const members = Object.entries(outputs).map(
    ([key, value]) =>
      `<member><OutputKey>${key}</OutputKey><OutputValue>${value.replaceAll('&', '&amp;')}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>${name}</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
<Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}
