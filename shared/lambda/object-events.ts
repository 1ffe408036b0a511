import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { BadInput, BudgetUsedUp } from '../errors.ts';
import type { Attempt } from '../events/delivery.ts';
import { objectArrived } from '../events/object-arrived.ts';
import { objectDeleted } from '../events/object-deleted.ts';
import { isReceipt, mustBeOurs } from '../events/source-place.ts';
import type { EventHold, QueuedMessage, StepTime } from '../services.ts';
import { told } from '../told-error.ts';
import { destinationOf } from '../transfer/destination.ts';
import type { Wired } from '../wiring/wiring.ts';
import { services } from '../wiring/wiring.ts';
import { deadlines, halfTime } from './deadline.ts';
import { holdInQueue, WAITS } from './hold-event.ts';
import { withLogContext } from './log-context.ts';
import { readS3Event, type S3Event } from './read-s3-event.ts';
import { type Load, runBatch } from './run-batch.ts';

const queued = z.object({
  Records: z
    .array(
      z.object({
        messageId: z.string(),
        body: z.string(),
        receiptHandle: z.string().optional(),
        messageAttributes: z.record(z.string(), z.unknown()).optional(),
        attributes: z.object({ ApproximateReceiveCount: z.coerce.number() }).partial().optional(),
      }),
    )
    .min(1),
});
type Message = z.infer<typeof queued>['Records'][number];

/**
 * A Lambda for S3's events, inside SQS or as they are. Messages of a batch are handled at once, those for the same
 * target one after the other. Each that fails is named, the others are done.
 */
export const objectEvents = () =>
  middy<unknown, SQSBatchResponse | undefined, Error, Context>()
    .use(withLogContext())
    .handler(async (event, context) => {
      const [own, time] = [await services(), deadlines(context)];
      const batch = queued.safeParse(event);
      if (!batch.success) {
        await handleAll(readS3Event(event, own.clock()), own, time, { last: true, late: false });
        return undefined;
      }
      const failed: string[] = [];
      const messages = batch.data.Records.map((message) => readMessage(message, own));
      // small objects are held in memory: together no more than one may be
      const room = own.settings.smallObjectMax;
      await runBatch(messages, room, halfTime(context), async (read, late) => {
        if (!(await isDone(read, late, own, time))) failed.push(read.message.messageId);
      });
      return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
    });

type ReadMessage = Load & { readonly message: Message; readonly result: Result };
/** Understood, or the error that its handling ends with. */
type Result = { readonly events: readonly S3Event[] } | { readonly error: unknown };

function readMessage(message: Message, { config, settings, clock }: Wired): ReadMessage {
  const unnamed = { message, name: message.messageId, bytes: 0 };
  try {
    const events = readS3Event(parsed(message.body), clock());
    const [first] = events.filter((one) => one.kind !== 'other');
    const name = first && JSON.stringify(destinationOf(config, first.object.key).target);
    const bytes = events.reduce((sum, one) => sum + heldFor(one, settings.smallObjectMax), 0);
    return { ...unnamed, ...(name !== undefined && { name }), bytes, result: { events } };
  } catch (error) {
    return { ...unnamed, result: { error } };
  }
}

/** A small object is read whole; a large one is for the machine. */
const heldFor = (event: S3Event, smallObjectMax: number): number =>
  event.kind === 'arrived' ? sizeHeld(event.object.size ?? smallObjectMax, smallObjectMax) : 0;

const sizeHeld = (size: number, smallObjectMax: number): number => (size <= smallObjectMax ? size : 0);

/** False: the message goes back to the queue, and to the dead-letter queue when it has been given out often enough. */
async function isDone(
  { message, result }: ReadMessage,
  late: boolean,
  own: Wired,
  time: StepTime,
): Promise<boolean> {
  const { messageId } = message;
  const queued = asQueued(message);
  const { receives, waits } = queued;
  const last = !waits && receives >= own.config.MAX_RECEIVES;
  try {
    if ('error' in result) throw result.error;
    await handleAll(result.events, own, time, { last, late });
    return true;
  } catch (thrown) {
    if (thrown instanceof BudgetUsedUp) return isHandedOn(isHeldBack(queued, thrown, own), messageId, own);
    const { message: reason, ...facts } = told(thrown);
    const fate = last
      ? 'an event failed and goes to the dead-letter queue'
      : 'an event failed and comes again';
    own.log.warn(fate, {
      messageId,
      receives,
      ...facts,
      reason,
    });
    return waits && isHandedOn(isRenewed(queued, own), messageId, own);
  }
}

/** False if the queue did not answer: the message itself comes again then. */
async function isHandedOn(handing: Promise<boolean>, messageId: string, { log }: Wired): Promise<boolean> {
  try {
    return await handing;
  } catch (thrown) {
    const { message: reason, ...facts } = told(thrown);
    log.warn('an event could not be kept waiting, and comes again', { messageId, ...facts, reason });
    return false;
  }
}

async function isRenewed(message: QueuedMessage, own: Wired): Promise<boolean> {
  await holdOf(own).renewed(message);
  return true;
}

const asQueued = ({ body, receiptHandle, attributes, messageAttributes = {} }: Message): QueuedMessage => ({
  body,
  receiptHandle,
  receives: attributes?.ApproximateReceiveCount ?? 1,
  waits: Object.hasOwn(messageAttributes, WAITS),
});

/** True: a copy of the message waits for the next day, and this one is done. */
async function isHeldBack(message: QueuedMessage, { until }: BudgetUsedUp, own: Wired): Promise<boolean> {
  const held = await holdOf(own).until(message, until, own.clock());
  own.log.info('an event waits: the egress budget of the day is used up', {
    until: new Date(until).toISOString(),
  });
  return held === 'copied';
}

let inQueue: EventHold | undefined;

function holdOf({ hold, config }: Wired): EventHold {
  if (hold) return hold;
  inQueue ??= holdInQueue(config);
  return inQueue;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BadInput('the message is not JSON', { cause, wayOut: 'see who else writes to the queue' });
  }
}

async function handleAll(
  all: readonly S3Event[],
  own: Wired,
  time: StepTime,
  attempt: Attempt,
): Promise<void> {
  for (const event of all) await handle(event, own, time, attempt);
}

async function handle(event: S3Event, own: Wired, time: StepTime, attempt: Attempt): Promise<void> {
  if (event.kind === 'other') {
    own.log.info('an event that is none of ours was ignored', { type: event.type });
    return;
  }
  const { bucket, key } = event.object;
  if (isReceipt(own.config, event.object)) {
    own.log.info('an event of a receipt was ignored: it is our own output', { bucket, key });
    return;
  }
  mustBeOurs(own.config, event.object);
  const delivery = { ...attempt, to: destinationOf(own.config, key) };
  const mirrors = own.config.DELETES === 'mirror';
  if (event.kind === 'arrived') {
    const transfer = await objectArrived(event.object, own, time, delivery);
    // its deletion may have been told when there was nothing to undo yet, so it is told once more
    const isGone = transfer?.state === 'superseded' && transfer.reason.error === 'SourceMissing';
    if (mirrors && isGone) await objectDeleted(event.object, own, time, delivery);
    return;
  }
  if (mirrors) await objectDeleted(event.object, own, time, delivery);
  else own.log.info('a deletion was ignored: DELETES=ignore', { bucket, key });
}
