import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { LocalBackfills } from '../../local/stack/backfill-machine.ts';

export type AwsStage = {
  /** What a process needs to find this AWS, besides S3 and DynamoDB. */
  readonly env: Readonly<Record<string, string>>;
  /** Each call, by service and name. */
  readonly calls: readonly string[];
  close(): Promise<void>;
};

type Answer = { readonly type: string; readonly body: string };
type Json = Record<string, unknown>;

export const BACKFILL_ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:relay-backfill';

/**
 * As much of AWS as a command needs to find a stage and to lead its backfills: CloudFormation's description of the stack, the
 * environment that Lambda gives the functions, and Step Functions in front of `backfills`.
 */
export async function startAwsStage(
  variables: Readonly<Record<string, string>>,
  backfills: LocalBackfills,
): Promise<AwsStage> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const given = await text(request);
    const { type, body } = await answer(request, given);
    response.writeHead(200, { 'content-type': type });
    response.end(body);
  });
  const answer = async (request: IncomingMessage, given: string): Promise<Answer> => {
    const [, call] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (call !== undefined) {
      calls.push(call);
      const body = JSON.stringify(await stepFunctions(call, JSON.parse(given), backfills));
      return { type: 'application/x-amz-json-1.0', body };
    }
    if (request.url?.startsWith('/2015-03-31/functions/')) {
      calls.push('GetFunctionConfiguration');
      return { type: 'application/json', body: JSON.stringify({ Environment: { Variables: variables } }) };
    }
    calls.push(new URLSearchParams(given).get('Action') ?? '?');
    return { type: 'text/xml', body: STACK };
  };
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
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const STACK = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>cos-slice-relay-test</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
<Outputs><member><OutputKey>BackfillMachineArn</OutputKey><OutputValue>${BACKFILL_ARN}</OutputValue></member></Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;

const STATUS = { running: 'RUNNING', succeeded: 'SUCCEEDED', failed: 'FAILED', stopped: 'ABORTED' } as const;

async function stepFunctions(call: string, given: Json, backfills: LocalBackfills): Promise<Json> {
  const named = String(given.name ?? given.executionArn ?? given.mapRunArn);
  const name = named.split(':').at(-1) ?? '';
  const now = Date.now() / 1_000;
  const run = await backfills.look(name);
  switch (call) {
    case 'StartExecution':
      await backfills.start(name, JSON.parse(String(given.input)));
      return { executionArn: `${BACKFILL_ARN.replace('stateMachine', 'execution')}:${name}`, startDate: now };
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
}
