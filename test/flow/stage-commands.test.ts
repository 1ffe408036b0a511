import { afterAll, beforeAll, expect, test } from 'vitest';
import { refuse } from '../../local/cos/faults.ts';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { SOURCE_BUCKET, type Stack } from '../../local/stack/stack.ts';
import { type AwsStage, startAwsStage } from '../kit/aws-stage.ts';
import { runHere } from '../kit/command.ts';
import { type EventQueue, startEventQueue } from '../kit/event-queue.ts';
import { type Bed, bytesOf, idOf, openBed, sha1 } from '../kit/relay-bed.ts';

const MACHINE_ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:cos-slice-relay-prod';

let bed: Bed;
let stack: Stack;
let queue: EventQueue;
let aws: AwsStage;
/** Machines that were asked for an execution. */
const asked: unknown[] = [];

beforeAll(async () => {
  bed = await openBed();
  stack = await bed.start();
  queue = await startEventQueue({ maxReceiveCount: 1 });
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB, ...variables } = bed.env;
  aws = await startAwsStage({
    stacks: {
      'cos-slice-relay-prod': {
        EventQueueUrl: queue.urls.events,
        DeadLetterQueueUrl: queue.urls.deadLetters,
      },
      'cos-slice-relay-old': {}, // as a release deployed it that had no such outputs
    },
    variables: { ...variables, SOURCE_BUCKET, MACHINE_ARN },
    async stepFunctions(call, { stateMachineArn, name, input }) {
      asked.push([call, stateMachineArn]);
      await stack.machine.start(String(name), JSON.parse(String(input)));
      return { executionArn: `arn:of:${name}`, startDate: Date.now() / 1_000 };
    },
  });
});
afterAll(async () => {
  await aws[Symbol.asyncDispose]();
  await queue.close();
  await bed.close();
});

/** With nothing of the relay in the environment: all of it is what the stage tells. */
const run = (script: string, ...args: string[]) => {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB } = bed.env;
  const env = { ...aws.env, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB };
  return runHere(script, args, { env: { ...env, AWS_ENDPOINT_URL_SQS: queue.address } });
};

test('npm run receipts --stage prints the receipts of that stage, and needs no variable of the relay', async () => {
  const object = await bed.put('proven.bin', bytesOf('proven', 700_000));
  await stack.announce(object);
  await stack.machine.idle();
  const before = aws.calls.length;

  const printed = await run('tools/receipts.ts', '--stage', 'prod', '--since', '1h', '--json');

  expect([printed.code, printed.stderr]).toEqual([0, expect.stringContaining('1 transfer since')]);
  expect(JSON.parse(printed.stdout)).toMatchObject({ transferId: idOf(object), bytes: { total: 700_000 } });
  expect(aws.calls.slice(before).sort()).toEqual(['DescribeStacks', 'GetFunctionConfiguration']);
});

test('npm run redrive --stage begins what failed again, by the machine of that stage', async () => {
  bed.cos.inject(refuse(1, 403, -61, { op: 'upload_slice_init' }));
  const object = await bed.put('again.bin', bytesOf('again', 700_000));
  await stack.announce(object);
  await stack.machine.idle();
  expect((await stack.services.store.get(idOf(object)))?.state).toBe('failed');

  const redriven = await run('tools/redrive.ts', '--stage', 'prod', '--since', '1h');
  await stack.machine.idle();

  expect([redriven.code, redriven.stderr]).toEqual([0, expect.stringContaining('1 transfers begin again')]);
  expect(asked).toEqual([['StartExecution', MACHINE_ARN]]);
  expect(await bed.stored('again.bin')).toBe(sha1(bytesOf('again', 700_000)));
});

test('npm run redrive --stage moves the dead letters of that stage back', async () => {
  await queue.send({ hello: 'world' });
  const content = bytesOf('late', 1_000);
  await queue.drain(stack.services);
  expect(queue.dead()).toHaveLength(1);

  const moved = await run('tools/redrive.ts', '--stage', 'prod');
  await queue.send(objectCreatedEvent(await bed.put('late.bin', content)));
  await queue.drain(stack.services);
  await stack.machine.idle();

  expect([moved.code, moved.stderr]).toEqual([0, expect.stringContaining('1 events were moved back')]);
  expect(moved.stderr).toContain('no event: ');
  expect(await bed.stored('late.bin')).toBe(sha1(content));
});

test.each([
  [
    'redrive of a stack without queues',
    ['tools/redrive.ts', '--stage', 'old'],
    /stage old tells no queues: deploy it again/,
  ],
  [
    'redrive of no stage',
    ['tools/redrive.ts', '--stage', 'none'],
    /no stage none \(stack cos-slice-relay-none\) in us-east-1/,
  ],
  [
    'receipts of no stage',
    ['tools/receipts.ts', '--since', '1h', '--stage', 'none'],
    /no stage none \(stack cos-slice-relay-none\) in us-east-1/,
  ],
])('%s is refused in one line, and nothing is touched', async (_, [script = '', ...args], line) => {
  const before = asked.length;

  const refused = await run(script, ...args);

  expect([refused.code, refused.stdout, refused.stderr]).toEqual([2, '', expect.stringMatching(line)]);
  expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(asked).toHaveLength(before);
});
