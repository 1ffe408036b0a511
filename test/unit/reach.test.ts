import { expect, test } from 'vitest';
import { mayRead, mayWrite } from '../../shared/api/allowed-places.ts';
import { loadConfig } from '../../shared/config.ts';

const config = (more: Record<string, string> = {}) =>
  loadConfig({
    COS_REGION: 'gz',
    COS_APP_ID: '1',
    COS_BUCKET: 'mine',
    COS_SECRET_ID: 'i',
    COS_SECRET_KEY: 'k',
    ...more,
  });

test('without a word the configured target bucket is in reach, and no source at all', () => {
  expect(() => mayWrite(config(), 'mine', 'any/path')).not.toThrow();
  expect(() => mayWrite(config(), 'other', 'any/path')).toThrow('outside');
  expect(() => mayRead(config(), 'source', 'key')).toThrow('outside');
  expect(() => mayRead(config({ SOURCE_BUCKET: 'source' }), 'source', 'key')).not.toThrow();
});

test('buckets and prefixes that are named are in reach, and nothing beside them', () => {
  const places = config({ SOURCE_BUCKET: 'source', ALLOWED_SOURCES: 'a/in/,b', ALLOWED_TARGETS: 'c/x' });

  expect(() => mayRead(places, 'a', 'in/key')).not.toThrow();
  expect(() => mayRead(places, 'b', 'anything')).not.toThrow();
  expect(() => mayWrite(places, 'c', 'xylophone')).not.toThrow(); // a prefix of text, as in S3
  for (const [bucket, key] of [
    ['a', 'inside'],
    ['a', 'out/in/'],
    ['bb', 'k'],
    ['source', 'key'],
  ] as const) {
    expect(() => mayRead(places, bucket, key)).toThrow('outside');
  }
  expect(() => mayWrite(places, 'mine', 'x')).toThrow('outside');
});

test.each(['/x', 'a,,b', ' a', ''])('ALLOWED_TARGETS=%j', (text) => {
  if (text === '') expect(config({ ALLOWED_TARGETS: text }).ALLOWED_TARGETS).toBeUndefined();
  else expect(() => config({ ALLOWED_TARGETS: text })).toThrow('ALLOWED_TARGETS');
});
