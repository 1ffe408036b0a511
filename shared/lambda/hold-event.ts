import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Config } from '../config.ts';
import { BadConfig } from '../errors.ts';
import type { EventHold } from '../services.ts';

/** Name of the attribute that marks a copy. */
export const WAITS = 'waits';

/** Amazon SQS Developer Guide: a message is delayed by 15 minutes and hidden for 12 hours at most; both in s. */
const DELAY_MAX_S = 900;
const HIDDEN_MAX_S = 43_000;
/** As the queue hides a message while it is worked on, in s. */
const AGAIN_S = 720;

/**
 * A copy of the message waits instead of it: each time a queue gives a message out counts as a try, and the copy says of
 * itself that these are none. It hides half a day at a time, and is copied anew before the queue gives it up.
 */
export function holdInQueue(
  { EVENTS_QUEUE: QueueUrl, MAX_RECEIVES }: Pick<Config, 'EVENTS_QUEUE' | 'MAX_RECEIVES'>,
  sqs = new SQSClient({}),
): EventHold {
  const copy = (MessageBody: string, DelaySeconds: number, waits: boolean) => {
    if (QueueUrl === undefined) throw new BadConfig('EVENTS_QUEUE is not set');
    const marks = { [WAITS]: { DataType: 'String', StringValue: 'budget' } };
    return sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody,
        DelaySeconds,
        ...(waits && { MessageAttributes: marks }),
      }),
    );
  };
  return {
    async until({ body, receiptHandle, receives, waits }, at, now) {
      const left = Math.max(1, Math.ceil((at - now) / 1_000));
      if (!waits || receiptHandle === undefined || receives + 1 >= MAX_RECEIVES) {
        await copy(body, Math.min(left, DELAY_MAX_S), true);
        return 'copied';
      }
      const VisibilityTimeout = Math.min(left, HIDDEN_MAX_S);
      const hide = { QueueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout };
      await sqs.send(new ChangeMessageVisibilityCommand(hide));
      return 'stays';
    },
    renewed: async ({ body }) => void (await copy(body, AGAIN_S, false)),
  };
}
