import * as z from 'zod';
import { BadInput } from '../errors.ts';
import type { ArrivedObject } from '../events/object-arrived.ts';
import type { DeletedObject } from '../events/object-deleted.ts';
import { identifyingVersion } from '../records/source-version.ts';
import { parse } from './parse.ts';

/** What an event of S3 tells us. */
export type S3Event =
  | { readonly kind: 'arrived'; readonly object: ArrivedObject }
  | { readonly kind: 'deleted'; readonly object: DeletedObject }
  | { readonly kind: 'other'; readonly type: string };

/**
 * Reads an event as EventBridge passes it on, or a notification as S3 puts it into a queue itself. Events of other types
 * are `other`. Throws BadInput for what is no event at all: nothing is lost in silence.
 */
export function readS3Event(event: unknown, now: number): S3Event[] {
  const bridged = envelope.safeParse(event);
  if (bridged.success) return [fromBridge(event, bridged.data, now)];
  const notified = notification.safeParse(event);
  if (notified.success) return notified.data.Records.map(fromNotification);
  const test = testEvent.safeParse(event);
  if (test.success) return [{ kind: 'other', type: test.data.Event }];
  throw new BadInput('this is neither an event of EventBridge nor a notification of S3', {
    wayOut: 'see who else writes to the queue',
  });
}

/** What S3 sends once when notifications are configured. */
const testEvent = z.object({ Service: z.literal('Amazon S3'), Event: z.string() });

const envelope = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });

const about = z.object({ name: z.string().min(1) });
/** Hexadecimal digits; anything else would put all later events of the key into a wrong order. */
const sequencer = z
  .string()
  .regex(/^[0-9a-f]{0,64}$/i, 'must be hexadecimal digits')
  .transform((digits) => digits || undefined)
  .optional();
const versionId = z.string().transform(identifyingVersion).optional();
const bridgedObject = z.object({
  key: z.string().min(1), // plain text: EventBridge does not encode it
  'version-id': versionId,
  sequencer,
});
const time = z.iso.datetime({ offset: true }).transform(Date.parse).optional();
/** Amazon S3 User Guide, "EventBridge event message structure". */
const bridgedCreation = z.object({
  time,
  detail: z.object({
    bucket: about,
    object: bridgedObject.extend({ size: z.number().int().nonnegative(), etag: z.string().min(1) }),
  }),
});
const bridgedDeletion = z.object({ time, detail: z.object({ bucket: about, object: bridgedObject }) });

function fromBridge(event: unknown, { source, ...any }: z.infer<typeof envelope>, now: number): S3Event {
  const type = any['detail-type'];
  if (source === 'aws.s3' && (type === 'Object Created' || type === 'Object Restore Completed')) {
    const { time: at = now, detail } = parse(bridgedCreation, event);
    const { size, etag } = detail.object;
    return { kind: 'arrived', object: { ...version(detail, at), size, etag } };
  }
  if (source === 'aws.s3' && type === 'Object Deleted') {
    const { time: at = now, detail } = parse(bridgedDeletion, event);
    return { kind: 'deleted', object: version(detail, at) };
  }
  return { kind: 'other', type: `${source} ${type}` };
}

const version = ({ bucket, object }: z.infer<typeof bridgedDeletion>['detail'], at: number) => ({
  bucket: bucket.name,
  key: object.key,
  at,
  ...(object['version-id'] !== undefined && { versionId: object['version-id'] }),
  ...(object.sequencer !== undefined && { sequencer: object.sequencer }),
});

/** Amazon S3 User Guide, "Event message structure". */
const notification = z.object({
  Records: z
    .array(
      z.object({
        eventSource: z.literal('aws:s3'),
        eventName: z.string(),
        eventTime: z.iso.datetime({ offset: true }).transform(Date.parse),
        s3: z.object({
          bucket: about,
          object: z.object({
            key: z.string().min(1),
            size: z.number().int().nonnegative().optional(), // a hint, and not every sender gives it
            eTag: z.string().optional(),
            versionId,
            sequencer,
          }),
        }),
      }),
    )
    .min(1),
});
type Notified = z.infer<typeof notification>['Records'][number];

function fromNotification({ eventName, eventTime, s3 }: Notified): S3Event {
  const { key, size, eTag, versionId, sequencer } = s3.object;
  const object = {
    bucket: s3.bucket.name,
    key: decodeFormText(key),
    at: eventTime,
    ...(versionId !== undefined && { versionId }),
    ...(sequencer !== undefined && { sequencer }),
  };
  if (eventName.startsWith('ObjectCreated:') || eventName === 'ObjectRestore:Completed')
    return { kind: 'arrived', object: { ...object, size, etag: eTag || undefined } };
  const gone = eventName.startsWith('ObjectRemoved:') || eventName.startsWith('LifecycleExpiration:');
  return gone ? { kind: 'deleted', object } : { kind: 'other', type: eventName };
}

/** Here, and only here, S3 encodes the key as a form would: "a b+c" comes as "a+b%2Bc". */
function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new BadInput(`the key of a notification is not URL-encoded: ${text}`, { cause });
  }
}
