import fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelope, listReply, openReply, statReply } from '../../shared/cos/replies.ts';
import { RelayError } from '../../shared/errors.ts';
import { readS3Event } from '../../shared/lambda/read-s3-event.ts';
import { dechunk, readHead } from '../../shared/s3/answer-head.ts';
import { metadataOf } from '../../shared/s3/object-metadata.ts';
import { refusalOfS3 } from '../../shared/s3/refusal-of-s3.ts';

const RUNS = { numRuns: 5_000 };
const odd = fc.oneof(fc.constantFrom('', 'null', 'zzzz', 'constructor', '__proto__', '../a'), fc.string());
const loose = fc.oneof(odd, fc.integer(), fc.constant(undefined), fc.jsonValue());

test('any event is read as what it says, or refused by name', () => {
  const event = fc.record({
    source: fc.constantFrom('aws.s3', 'aws.ec2'),
    'detail-type': fc.constantFrom('Object Created', 'Object Deleted', 'Object Restore Completed', 'X'),
    time: loose,
    detail: fc.record({
      bucket: fc.record({ name: loose }),
      object: fc.record({ key: loose, size: loose, etag: loose, sequencer: loose, 'version-id': loose }),
    }),
  });
  fc.assert(
    fc.property(fc.oneof(event, fc.jsonValue()), (given) => {
      try {
        for (const one of readS3Event(given, 0)) {
          if (one.kind === 'other') continue;
          expect(one.object.key).not.toBe('');
          expect(one.object.sequencer ?? '0').toMatch(/^[0-9a-f]+$/i);
          expect(['', 'null']).not.toContain(one.object.versionId);
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'BadInput' });
      }
    }),
    RUNS,
  );
});

test('any refusal of S3 is an error with a name, and nothing of an unknown body goes out', () => {
  const body = fc.oneof(
    odd,
    odd.map((code) => `<Error><Code>${code}</Code><Message>SECRET</Message><Region>SECRET</Region></Error>`),
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
      const error = refusalOfS3({ bucket: 'b', key: 'k' }, { status, body: text });

      expect(error).toBeInstanceOf(RelayError);
      expect(`${error.message}${error.wayOut}`).not.toContain('SECRET');
    }),
    RUNS,
  );
});

test('any metadata keeps every name and value, and any chunks end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,20}$/), fc.string({ unit: 'binary-ascii' }))),
      fc.uint8Array(),
      (pairs, bytes) => {
        const user = new Map(pairs);
        const headers = new Map([...user].map(([name, value]) => [`x-amz-meta-${name}`, value]));

        expect(metadataOf(headers).user).toEqual([...user]);
        expect(dechunk(Buffer.from(bytes)).content.length).toBeLessThanOrEqual(bytes.length);
      },
    ),
    RUNS,
  );
});

test('any reply of COS and any head of an answer is understood or refused, never a crash', () => {
  fc.assert(
    fc.property(fc.jsonValue(), odd, (reply, text) => {
      for (const schema of [envelope, listReply, openReply, statReply]) schema.safeParse(reply);
      try {
        expect(readHead(`HTTP/1.1 200 OK\r\n${text}`).status).toBe(200);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    RUNS,
  );
});
