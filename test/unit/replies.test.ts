import { expect, test } from 'vitest';
import { envelope, openReply, putReply, statReply } from '../../shared/cos/replies.ts';

test.each([
  ['as numbers', { session: 's', slice_size: 1_048_576, serial_upload: 1 }],
  ['as decimal strings', { session: 's', slice_size: '1048576', serial_upload: '1' }],
])('an init answers its session, %s', (_, data) => {
  expect(openReply.parse(data)).toEqual({ session: 's', slice_size: 1_048_576, serial_upload: 1 });
});

test('an init without serial_upload lets slices go together', () => {
  expect(openReply.parse({ session: 's', slice_size: 524_288 })).toMatchObject({ serial_upload: 0 });
});

test.each([
  ['an access_url', { access_url: 'http://a' }],
  ['a source_url and an empty session', { source_url: 'http://a', session: '' }],
  ['a resource_path and a session that is null', { resource_path: '/a', session: null }],
])('an init that answers %s is an instant upload', (_, data) => {
  expect('slice_size' in openReply.parse(data)).toBe(false);
});

test.each([[{}], [{ session: 's' }], [{ slice_size: 1 }], [null], ['text']])(
  'an init that answers %j is not understood',
  (data) => {
    expect(openReply.safeParse(data).success).toBe(false);
  },
);

test('the MD5 of a slice is compared in lower case, and may be missing when COS closed the file', () => {
  expect(putReply.parse({ datamd5: 'ABCDEF' })).toEqual({ datamd5: 'abcdef' });
  expect(putReply.parse({ access_url: 'http://a' })).toEqual({ access_url: 'http://a' });
});

test.each([
  ['a suffix', `${'A'.repeat(40)}_1048576`, 'a'.repeat(40)],
  ['nothing behind it', 'b'.repeat(40), 'b'.repeat(40)],
  ['something that is no SHA-1', 'none', undefined],
])('a sha with %s is read for what it is', (_, sha, expected) => {
  expect(statReply.parse({ filesize: '5', filelen: 3, sha }).sha).toBe(expected);
});

test('sizes of a stat come as numbers or decimal strings; filelen may be missing', () => {
  expect(statReply.parse({ filesize: '5' })).toMatchObject({ filesize: 5 });
  expect(statReply.parse({ filesize: 5, filelen: '3', ctime: '7' })).toMatchObject({ filelen: 3, ctime: 7 });
  expect(statReply.safeParse({ filesize: -1 }).success).toBe(false);
});

test('an envelope needs a code and nothing else', () => {
  expect(envelope.parse({ code: '0' })).toEqual({ code: 0, message: '', request_id: '' });
  expect(envelope.safeParse({ message: 'SUCCESS' }).success).toBe(false);
  expect(envelope.safeParse('<html>').success).toBe(false);
});
