import { randomUUID } from 'node:crypto';
import { requestIds } from '../wire/xml.ts';
import type { DroppedObject } from './dropped-object.ts';

/**
 * The event EventBridge passes on when S3 has a new object
 * (docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
 *
 * The key stands here as it is. Only the older S3 notifications, the ones with `Records`, encode it as a form
 * would, "red flower.jpg" as "red+flower.jpg"; whoever decodes this one loses every `+` and breaks on `%`.
 * (Seen in aws-solutions-library-samples/guidance-for-medialake-on-aws#21.)
 */
export function objectCreatedEvent(object: DroppedObject, about: EventContext = {}) {
  const { account = '000000000000', region = 'us-east-1', time = new Date(), versionId } = about;
  const { bucket, key, size, etag, sequencer } = object;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account,
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      'event-version': '1.0', // newer than most examples of this event
      bucket: { name: bucket },
      // A bucket without versions sends no version-id
      object: { key, size, etag, ...(versionId === undefined ? {} : { 'version-id': versionId }), sequencer },
      'request-id': requestIds()['x-amz-request-id'],
      requester: account,
      'source-ip-address': '127.0.0.1',
      reason: 'PutObject',
    },
  };
}

type EventContext = {
  readonly account?: string;
  readonly region?: string;
  readonly time?: Date;
  readonly versionId?: string;
};
