import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { asError, BadInput, RelayError } from '../errors.ts';
import { destinationOf } from '../relay/destination.ts';
import { type Delivery, objectArrived } from '../relay/object-arrived.ts';
import { objectDeleted } from '../relay/object-deleted.ts';
import type { StepTime } from '../relay/parts.ts';
import type { Parts } from '../wiring.ts';
import { parts } from '../wiring.ts';
import { deadlines, halfTime } from './deadline.ts';
import { type News, readNews } from './s3-news.ts';
import { type Load, together } from './together.ts';

const queued = z.object({
  Records: z
    .array(
      z.object({
        messageId: z.string(),
        body: z.string(),
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
  middy<unknown, SQSBatchResponse | undefined, Error, Context>().handler(async (event, context) => {
    const [own, time] = [await parts(), deadlines(context)];
    const batch = queued.safeParse(event);
    if (!batch.success) {
      await tellAll(readNews(event, own.clock()), own, time, { last: true, late: false });
      return undefined;
    }
    const failed: string[] = [];
    const pieces = batch.data.Records.map((message) => pieceOf(message, own));
    // small objects are held in memory: together no more than one may be
    const room = own.settings.smallObjectMax;
    await together(pieces, room, halfTime(context), async ({ message, said }, late) => {
      if (!(await isDone(message, said, own, time, late))) failed.push(message.messageId);
    });
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  });

type Piece = Load & { readonly message: Message; readonly said: Said };
/** Understood, or the error that its handling ends with. */
type Said = { readonly news: readonly News[] } | { readonly error: unknown };

function pieceOf(message: Message, { config, settings, clock }: Parts): Piece {
  const unnamed = { message, name: message.messageId, bytes: 0 };
  try {
    const news = readNews(parsed(message.body), clock());
    const [first] = news.filter((one) => one.kind !== 'other');
    const name = first && JSON.stringify(destinationOf(config, first.object.key).target);
    const bytes = news.reduce((sum, one) => sum + heldFor(one, settings.smallObjectMax), 0);
    return { ...unnamed, ...(name !== undefined && { name }), bytes, said: { news } };
  } catch (error) {
    return { ...unnamed, said: { error } };
  }
}

/** A small object is read whole; a large one is for the machine. */
const heldFor = (news: News, smallObjectMax: number): number =>
  news.kind === 'arrived' && news.object.size <= smallObjectMax ? news.object.size : 0;

/** False: the message goes back to the queue, and to the dead-letter queue when it has been given out often enough. */
async function isDone(
  { messageId, attributes }: Message,
  said: Said,
  own: Parts,
  time: StepTime,
  late: boolean,
): Promise<boolean> {
  const receives = attributes?.ApproximateReceiveCount ?? 1;
  const last = receives >= own.config.MAX_RECEIVES;
  try {
    if ('error' in said) throw said.error;
    await tellAll(said.news, own, time, { last, late });
    return true;
  } catch (thrown) {
    const error = asError(thrown);
    const known = error instanceof RelayError ? error : undefined;
    const fate = last
      ? 'an event failed and goes to the dead-letter queue'
      : 'an event failed and comes again';
    own.log.warn(fate, {
      messageId,
      receives,
      error: error.name,
      reason: error.message,
      wayOut: known?.wayOut,
      cosCode: known?.cosCode,
      requestId: known?.requestId,
    });
    return false;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BadInput('the message is not JSON', { cause, wayOut: 'see who else writes to the queue' });
  }
}

async function tellAll(all: readonly News[], own: Parts, time: StepTime, delivery: Delivery): Promise<void> {
  for (const news of all) await tell(news, own, time, delivery);
}

async function tell(news: News, own: Parts, time: StepTime, delivery: Delivery): Promise<void> {
  if (news.kind === 'other') {
    own.log.info('an event that is none of ours was ignored', { type: news.type });
    return;
  }
  const to = destinationOf(own.config, news.object.key);
  const mirrors = own.config.DELETES === 'mirror';
  if (news.kind === 'arrived') {
    const transfer = await objectArrived(news.object, to, own, time, delivery);
    // its deletion may have been told when there was nothing to undo yet, so it is told once more
    const isGone = transfer?.state === 'superseded' && transfer.reason.error === 'SourceMissing';
    if (mirrors && isGone) await objectDeleted(news.object, to, own, time, delivery);
    return;
  }
  if (mirrors) await objectDeleted(news.object, to, own, time, delivery);
  else own.log.info('a deletion was ignored: DELETES=ignore', { key: news.object.key });
}
