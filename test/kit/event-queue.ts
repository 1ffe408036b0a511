import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { localContext } from '../../local/stack/machine.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';

export type EventQueue = Awaited<ReturnType<typeof startEventQueue>>;

/** SQS with the two queues of the template, and what Lambda does between a queue and a function. */
export async function startEventQueue({ maxReceiveCount = 3 } = {}) {
  const server = await startFauxqs({ port: 0, logger: false });
  const deadLetters = server.createQueue('dead-letters');
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: deadLetters.queueArn,
    maxReceiveCount: String(maxReceiveCount),
  });
  const events = server.createQueue('events', { attributes: { RedrivePolicy } });
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const sqs = new SQSClient({ endpoint: server.address, region: 'us-east-1', credentials });
  const urlOf = (name: string) => `${server.address}/000000000000/${name}`;
  const urls = { events: urlOf(events.queueName), deadLetters: urlOf(deadLetters.queueName) };

  const take = async (QueueUrl: string): Promise<Message[]> => {
    const asked = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 60,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      MessageAttributeNames: ['All'],
    });
    return (await sqs.send(asked)).Messages ?? [];
  };

  return {
    address: server.address,
    sqs,
    urls,
    send: async (body: unknown): Promise<string> => {
      const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
      const sent = await sqs.send(new SendMessageCommand({ QueueUrl: urls.events, MessageBody }));
      return sent.MessageId ?? '';
    },
    /** Runs the event source mapping until the queue is empty: what failed comes again at once. */
    async drain(services: Wired, functionTimeoutMs = 60_000): Promise<void> {
      const { handler } = await import('../../functions/object-created.ts');
      for (;;) {
        const messages = await take(urls.events);
        if (messages.length === 0) return;
        const Records = messages.map(({ MessageId, Body, ReceiptHandle, Attributes, MessageAttributes }) => ({
          messageId: MessageId,
          body: Body,
          receiptHandle: ReceiptHandle,
          attributes: Attributes,
          messageAttributes: MessageAttributes,
        }));
        const context = localContext('object-created', functionTimeoutMs);
        const answer = await withServices(services, () => handler({ Records }, context));
        const failed = answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) ?? [];
        for (const { MessageId = '', ReceiptHandle, MessageAttributes } of messages) {
          if (failed.includes(MessageId) && MessageAttributes) continue; // it hides for as long as the function said
          const which = { QueueUrl: urls.events, ReceiptHandle };
          await (failed.includes(MessageId)
            ? sqs.send(new ChangeMessageVisibilityCommand({ ...which, VisibilityTimeout: 0 }))
            : sqs.send(new DeleteMessageCommand(which)));
        }
      }
    },
    /** Copies of messages that nobody is given before their delay is over, and for how long the others hide, in s. */
    waiting: () => {
      const { delayed = [], inflight = [] } = server.inspectQueue('events')?.messages ?? {};
      return {
        delayed: delayed.map(({ body, messageAttributes }) => ({ body: String(body), ...messageAttributes })),
        hidden: inflight.map(({ visibilityDeadline }) =>
          Math.round((visibilityDeadline - Date.now()) / 1_000),
        ),
      };
    },
    /** The delays are over: each copy is there to be given out for the first time. */
    async wake(): Promise<void> {
      for (const { body, messageAttributes } of server.inspectQueue('events')?.messages.delayed ?? []) {
        const marks = Object.keys(messageAttributes).map((name) => [
          name,
          { DataType: 'String', StringValue: 'any' },
        ]);
        const MessageAttributes = Object.fromEntries(marks);
        await sqs.send(
          new SendMessageCommand({ QueueUrl: urls.events, MessageBody: String(body), MessageAttributes }),
        );
      }
    },
    /** The bodies that rest in the dead-letter queue. */
    dead: (): string[] =>
      (server.inspectQueue('dead-letters')?.messages.ready ?? []).map(({ body }) => String(body)),
    async close() {
      sqs.destroy();
      await server.stop();
    },
  };
}
