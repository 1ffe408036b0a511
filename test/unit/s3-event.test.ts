import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { readS3Event } from '../../shared/lambda/read-s3-event.ts';

const NOW = 1_795_000_000_000;
const object = { bucket: 'b', size: 5, etag: 'abc', sequencer: '0A' };

const notification = (eventName: string, key: string, more = {}) => ({
  Records: [
    {
      eventSource: 'aws:s3',
      eventName,
      eventTime: '2026-11-21T12:00:00.000Z',
      s3: { bucket: { name: 'b' }, object: { key, size: 5, eTag: 'abc', sequencer: '0A', ...more } },
    },
  ],
});

describe('readS3Event', () => {
  test('EventBridge tells the key as it is, and the version', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        const event = objectCreatedEvent({ ...object, key }, { versionId: 'v1' });

        const [read] = readS3Event(event, NOW);

        expect(read).toMatchObject({ kind: 'arrived', object: { ...object, key, versionId: 'v1' } });
      }),
    );
  });

  test('S3 itself encodes the key as a form does; it is decoded once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        const encoded = encodeURIComponent(key).replaceAll('%20', '+');

        const [read] = readS3Event(notification('ObjectCreated:Put', encoded), NOW);

        expect(read).toMatchObject({
          kind: 'arrived',
          object: { key, at: Date.parse('2026-11-21T12:00:00Z') },
        });
      }),
    );
  });

  test.each(['ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload', 'ObjectCreated:Post'])(
    '%s is an arrival',
    (name) => {
      expect(readS3Event(notification(name, 'k'), NOW)).toMatchObject([{ kind: 'arrived' }]);
    },
  );

  test.each(['ObjectRemoved:Delete', 'ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:Delete'])(
    '%s is a deletion',
    (name) => {
      expect(readS3Event(notification(name, 'k', { versionId: 'v' }), NOW)).toMatchObject([
        { kind: 'deleted', object: { key: 'k', versionId: 'v', sequencer: '0A' } },
      ]);
    },
  );

  test.each([
    ['a test event', { Service: 'Amazon S3', Event: 's3:TestEvent' }, 's3:TestEvent'],
    ['an event of another service', { source: 'aws.ec2', 'detail-type': 'X', detail: {} }, 'aws.ec2 X'],
    ['another event of S3', notification('ObjectTagging:Put', 'k'), 'ObjectTagging:Put'],
  ])('%s is none of ours', (_, event, type) => {
    expect(readS3Event(event, NOW)).toEqual([{ kind: 'other', type }]);
  });

  test.each([
    ['an empty object', {}],
    ['a list', []],
    ['no records', { Records: [] }],
    [
      'a creation without a size',
      {
        source: 'aws.s3',
        'detail-type': 'Object Created',
        detail: { bucket: { name: 'b' }, object: { key: 'k', etag: 'e' } },
      },
    ],
    ['a key that no form could have', notification('ObjectCreated:Put', '%zz')],
    ['null', null],
  ])('%s is refused, not ignored', (_, event) => {
    expect(() => readS3Event(event, NOW)).toThrow(expect.objectContaining({ name: 'BadInput' }));
  });
});
