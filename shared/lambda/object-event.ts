import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { destinationOf } from '../relay/destination.ts';
import { asError } from '../errors.ts';
import { objectArrived } from '../relay/object-arrived.ts';
import type { StepTime } from '../relay/parts.ts';
import type { Parts } from '../wiring.ts';
import { parts } from '../wiring.ts';
import { deadlines } from './deadline.ts';
import { parse } from './parse.ts';

/** An EventBridge event of S3 (Amazon S3 User Guide, "EventBridge event message structure"). The key is not URL-encoded. */
const s3Event = z.object({
  source: z.literal('aws.s3'),
  'detail-type': z.string(),
  time: z.string().optional(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      size: z.number().int().nonnegative().optional(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});
const created = s3Event.extend({
  detail: s3Event.shape.detail.extend({
    object: s3Event.shape.detail.shape.object.required({ size: true, etag: true }),
  }),
});
const queued = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });

/** A Lambda for S3's events, inside SQS or as EventBridge sends them. Each message that fails is named, the others are done. */
export const objectEvents = () =>
  middy<unknown, SQSBatchResponse | undefined, Error, Context>().handler(async (event, context) => {
    const [own, time] = [await parts(), deadlines(context)];
    const batch = queued.safeParse(event);
    if (!batch.success) {
      await handle(event, own, time);
      return undefined;
    }
    const failures: string[] = [];
    for (const { messageId, body } of batch.data.Records) {
      try {
        await handle(JSON.parse(body), own, time);
      } catch (thrown) {
        const error = asError(thrown);
        own.log.warn('an event failed and goes back to the queue', {
          messageId,
          error: error.name,
          reason: error.message,
        });
        failures.push(messageId);
      }
    }
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  });

async function handle(event: unknown, own: Parts, time: StepTime): Promise<void> {
  const any = s3Event.safeParse(event);
  if (!any.success || any.data['detail-type'] !== 'Object Created') {
    own.log.info('an event that is none of ours was ignored', {
      type: any.success ? any.data['detail-type'] : 'unknown',
    });
    return;
  }
  const { detail, time: madeAt } = parse(created, event);
  const { bucket, object } = detail;
  await objectArrived(
    {
      bucket: bucket.name,
      key: object.key,
      etag: object.etag,
      size: object.size,
      at: madeAt === undefined ? own.clock() : Date.parse(madeAt),
      ...(object['version-id'] !== undefined && { versionId: object['version-id'] }),
      ...(object.sequencer !== undefined && { sequencer: object.sequencer }),
    },
    destinationOf(own.config, object.key),
    own,
    time,
  );
}
