import { expect, test } from 'vitest';
import { targetRecord } from '../../shared/records/target-record.ts';

/** Literal items, as the version before wrote them. */
const owner = {
  transferId: 'one',
  sourceName: 's3:b/k',
  etag: 'e',
  versionId: 'v',
  sequencer: '05',
  lastModified: 7,
  active: true,
};
const version = {
  transferId: 'one',
  sourceName: 's3:b/k',
  etag: 'e',
  versionId: 'v',
  sequencer: '05',
  lastModified: 7,
};
const item = (more: object) => ({
  pk: 'TARGET#t',
  sk: 'TARGET',
  expiresAt: 9,
  name: 't',
  owner,
  revision: 3,
  ...more,
});
const today = (more: object) => ({
  name: 't',
  owner: version,
  active: true,
  orphans: [],
  revision: 3,
  ...more,
});
const facts = { transferId: 'one', size: 10 };
const fresh = { ...facts, overwrite: false, restarted: false };
const replaces = { size: 4, createdAt: 1, modifiedAt: 2 };

test.each([
  ['a target that nobody wrote to yet', {}, {}],
  ['one whose owner is done', { owner: { ...owner, active: false } }, { active: false }],
  [
    'one under a hold of one call',
    { owner: { ...owner, leaseUntil: 50, holder: 'h' } },
    { hold: { until: 50, by: 'h' } },
  ],
  [
    'one under a hold of nobody in particular',
    { owner: { ...owner, leaseUntil: 50 } },
    { hold: { until: 50 } },
  ],
  [
    'an open session',
    { upload: { ...facts, session: 'S', serial: true, openedAt: 1, intended: false, damaged: false } },
    { upload: { ...fresh, state: 'open', session: 'S', serial: true, openedAt: 1 } },
  ],
  [
    'an intent without a session',
    { upload: { ...facts, openedAt: 1, intended: true, overwrites: false, replaces } },
    { upload: { ...fresh, state: 'opening', inits: [0], replaces } },
  ],
  [
    'an intent from before intents had a word of their own',
    { upload: { ...facts, openedAt: 1 } },
    { upload: { ...fresh, state: 'opening', inits: [0] } },
  ],
  [
    'an intent after a session',
    { upload: { ...facts, session: 'S', openedAt: 1, intended: true } },
    {
      upload: {
        ...fresh,
        state: 'opening',
        inits: [0],
        before: { state: 'open', session: 'S', openedAt: 1 },
      },
    },
  ],
  [
    'a session that COS closed with a damaged slice',
    { upload: { ...facts, session: 'S', openedAt: 1, damaged: true } },
    { upload: { ...fresh, state: 'spoiled', session: 'S', openedAt: 1 } },
  ],
  [
    'an intent to replace such a file, after another SHA-1',
    {
      upload: {
        ...facts,
        session: 'S',
        openedAt: 1,
        intended: true,
        damaged: true,
        overwrites: true,
        wrongSha: true,
      },
    },
    {
      upload: {
        ...facts,
        overwrite: true,
        restarted: true,
        state: 'opening',
        inits: [0],
        before: { state: 'spoiled', session: 'S', openedAt: 1 },
      },
    },
  ],
  [
    'a stored version',
    { stored: { transferId: 'one', sourceName: 's3:b/k', etag: 'e', size: 10 } },
    { file: { state: 'stored', transferId: 'one', sourceName: 's3:b/k', etag: 'e', size: 10 } },
  ],
  [
    'a file that nobody vouches for',
    { stored: { transferId: 'zero', sourceName: 's3:b/k', size: 10 }, unsure: true },
    { file: { state: 'unknown' } },
  ],
  [
    'a mirrored deletion',
    { owner: { ...owner, active: false }, deleted: true },
    { active: false, file: { state: 'deleted', transferId: 'one' } },
  ],
  [
    'strays',
    { strays: [{ session: 'S', size: 10 }, { size: 4 }], deleted: false, unsure: false },
    { orphans: [{ session: 'S', size: 10 }, { size: 4 }] },
  ],
])('a target as the version before wrote it is read: %s', (_, before, now) => {
  expect(targetRecord.parse(item(before))).toEqual(today(now));
});
