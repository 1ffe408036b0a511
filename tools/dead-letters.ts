import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { asError } from '../shared/errors.ts';
import { readS3Event, type S3Event } from '../shared/lambda/read-s3-event.ts';
import { transferId } from '../shared/records/transfer.ts';
import { destinationOf } from '../shared/transfer/destination.ts';
import type { Wired } from '../shared/wiring/wiring.ts';

export type Queues = { readonly deadLetters: string; readonly events: string };

/** How long messages are kept aside while they are looked at, in s. */
const ASIDE_S = 30;
/** Letters that are shown before SQS moves them all. */
const SHOWN = 200;

/** Shows what rests in the dead-letter queue and why, and moves all of it back. Resolves with how many were moved. */
export async function redriveDeadLetters(
  queues: Queues,
  sqs: SQSClient,
  show: (message: Message) => Promise<void>,
): Promise<number> {
  const shown = await lookAt(queues.deadLetters, sqs, show);
  if (shown === 0) return 0;
  return (await moveByTask(queues, sqs)) ?? (await moveOneByOne(queues, sqs));
}

/** Why a message was given up: the table knows it of a transfer, the message itself when it is no event. */
export async function reasonFor(body: string, services: Wired): Promise<string[]> {
  const events = eventsOf(body, services.clock());
  return typeof events === 'string' ? [events] : Promise.all(events.map((one) => reasonOf(one, services)));
}

function eventsOf(body: string, now: number): S3Event[] | string {
  try {
    return readS3Event(JSON.parse(body), now);
  } catch (error) {
    return `no event: ${asError(error).message}`;
  }
}

async function reasonOf(event: S3Event, { store, config }: Wired): Promise<string> {
  if (event.kind === 'other') return `an event of type ${event.type}`;
  const { bucket, key } = event.object;
  const name = `s3://${bucket}/${key}`;
  if (event.kind === 'deleted') return `${name}: a deletion; the log has its reason by the message id`;
  const { at: lastModified, etag = '', size = 0, ...named } = event.object;
  const { target } = destinationOf(config, key);
  const transfer = await store.get(transferId({ kind: 's3', lastModified, etag, size, ...named }, target));
  if (!transfer) return `${name}: no transfer; the log has its reason by the message id`;
  if (!('reason' in transfer)) return `${name}: transfer ${transfer.id} is ${transfer.state}`;
  const { error, message, wayOut } = transfer.reason;
  const advice = wayOut === undefined ? '' : ` (${wayOut})`;
  return `${name}: transfer ${transfer.id} is ${transfer.state}: ${error}: ${message}${advice}`;
}

async function lookAt(
  QueueUrl: string,
  sqs: SQSClient,
  show: (message: Message) => Promise<void>,
): Promise<number> {
  const aside = new Map<string, Message>();
  for (;;) {
    const messages = await receive(QueueUrl, sqs);
    const fresh = messages.filter(({ MessageId = '' }) => !aside.has(MessageId));
    for (const message of messages) aside.set(message.MessageId ?? '', message);
    for (const message of fresh) await show(message);
    if (fresh.length > 0 && aside.size < SHOWN) continue;
    await putBack(QueueUrl, [...aside.values()], sqs);
    return aside.size;
  }
}

async function receive(QueueUrl: string, sqs: SQSClient): Promise<Message[]> {
  const asked = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: ASIDE_S };
  return (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? [];
}

async function putBack(QueueUrl: string, messages: readonly Message[], sqs: SQSClient): Promise<void> {
  for (let from = 0; from < messages.length; from += 10) {
    const Entries = messages.slice(from, from + 10).map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  }
}

/** SQS's own redrive, the one behind the console's button. Undefined where the service has none. */
async function moveByTask({ deadLetters, events }: Queues, sqs: SQSClient): Promise<number | undefined> {
  const [SourceArn, DestinationArn] = await Promise.all([arnOf(deadLetters, sqs), arnOf(events, sqs)]);
  try {
    // the destination is named: what EventBridge itself put there came from no queue
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
  } catch (error) {
    if (NO_TASKS.includes(asError(error).name)) return undefined;
    throw error;
  }
  for (;;) {
    const { Results = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
    const [task] = Results;
    if (task?.Status === 'COMPLETED') return task.ApproximateNumberOfMessagesMoved ?? 0;
    if (task?.Status !== 'RUNNING')
      throw new Error(`SQS did not move the letters: ${task?.FailureReason ?? task?.Status}`);
    await sleep(1_000);
  }
}

const NO_TASKS = ['InvalidAction', 'UnsupportedOperation', 'UnknownOperationException'];

/** Sent before it is deleted: a stop in between leaves it twice, and a repeated event changes nothing. */
async function moveOneByOne({ deadLetters, events }: Queues, sqs: SQSClient): Promise<number> {
  let moved = 0;
  for (;;) {
    const messages = await receive(deadLetters, sqs);
    if (messages.length === 0) return moved;
    for (const { Body, ReceiptHandle } of messages) {
      await sqs.send(new SendMessageCommand({ QueueUrl: events, MessageBody: Body }));
      await sqs.send(new DeleteMessageCommand({ QueueUrl: deadLetters, ReceiptHandle }));
      moved += 1;
    }
  }
}

async function arnOf(QueueUrl: string, sqs: SQSClient): Promise<string> {
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  const arn = (await sqs.send(asked)).Attributes?.QueueArn;
  if (arn === undefined) throw new Error(`SQS tells no ARN of ${QueueUrl}`);
  return arn;
}
