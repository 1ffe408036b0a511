import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hold, Owner } from '../../shared/records/target-record.ts';
import { compareSequencers, decideClaim, ownerOf } from '../../shared/target/claim-order.ts';

const NOW = 1_000_000;
const owner = (over: Partial<Owner> = {}): Owner => ({
  transferId: 'theirs',
  sourceName: 's3:b/k',
  sequencer: '05',
  ...over,
});
const mine = owner({ transferId: 'mine', sequencer: '06' });
const claim = (
  theirs: Partial<Owner>,
  { hold, by, active = true }: { hold?: Hold; by?: string; active?: boolean } = {},
) =>
  decideClaim(
    { name: 't', owner: owner(theirs), active, orphans: [], revision: 1, ...(hold && { hold }) },
    { owner: mine, ...(by !== undefined && { hold: { until: NOW + 1, by } }) },
    NOW,
  );

describe('compareSequencers', () => {
  const sequencer = fc.stringMatching(/^[0-9A-F]{1,20}$/);

  test('orders as numbers right-padded to one length, whatever the case', () => {
    fc.assert(
      fc.property(sequencer, sequencer, (a, b) => {
        const [left, right] = [a, b].map((text) => BigInt(`0x${text.padEnd(20, '0')}`));
        const expected = left === right ? 0 : (left ?? 0n) < (right ?? 0n) ? -1 : 1;

        expect(compareSequencers(a, b)).toBe(expected);
        expect(compareSequencers(a.toLowerCase(), b)).toBe(expected);
      }),
    );
  });
});

describe('decideClaim', () => {
  test.each([
    ['a target nobody has', () => decideClaim(undefined, { owner: mine }, NOW), 'free'],
    ['one whose owner is done', () => claim({}, { active: false }), 'free'],
    ['our own', () => claim({ transferId: 'mine' }), 'mine'],
    [
      'our own, while another call sends',
      () => claim({ transferId: 'mine' }, { hold: { until: NOW + 1, by: 'a' }, by: 'b' }),
      'busy',
    ],
    [
      'our own, when that call is long over',
      () => claim({ transferId: 'mine' }, { hold: { until: NOW, by: 'a' }, by: 'b' }),
      'mine',
    ],
    [
      'our own, under a hold of nobody in particular',
      () => claim({ transferId: 'mine' }, { hold: { until: NOW + 1 } }),
      'mine',
    ],
    [
      'our own, to send a file while an op=delete may be under way',
      () => claim({ transferId: 'mine' }, { hold: { until: NOW + 1, removal: true }, by: 'b' }),
      'busy',
    ],
    ['one of an older version', () => claim({}), 'supersedes'],
    ['one of an older version, under a hold', () => claim({}, { hold: { until: NOW + 1 } }), 'busy'],
    [
      'one of an older version, done but for a request under way',
      () => claim({}, { active: false, hold: { until: NOW + 1 } }),
      'busy',
    ],
    ['one of a newer version', () => claim({ sequencer: '07' }), 'older'],
    ['one of a newer version that is done', () => claim({ sequencer: '07' }, { active: false }), 'older'],
    ['one of another source', () => claim({ sourceName: 's3:b/other' }), 'busy'],
    [
      'one of another source, whose single request died',
      () => claim({ sourceName: 's3:b/other' }, { hold: { until: NOW, by: 'a' } }),
      'free',
    ],
    [
      'one of another source that is newer by number',
      () => claim({ sourceName: 's3:b/other', sequencer: '99' }, { active: false }),
      'free',
    ],
  ] as const)('%s', (_, decide, expected) => {
    expect(decide()).toBe(expected);
  });
});

describe('a listing', () => {
  const version = { kind: 's3', bucket: 'b', key: 'k', etag: 'e', size: 1, lastModified: 1_000 } as const;
  const listed = ownerOf('listed', { ...version, listed: 'listing' });
  const event = ownerOf('event', { ...version, sequencer: '0055' });
  const claimed = (theirs: Owner, ours: Owner, active = false) =>
    decideClaim({ name: 't', owner: theirs, active, orphans: [], revision: 1 }, { owner: ours }, NOW);

  test('stands before an event of the same moment, whichever comes first', () => {
    expect(claimed(event, listed)).toBe('older');
    expect(claimed(listed, event)).toBe('free');
  });

  test('of a later moment stands after an event, and in the name of an event where the event stands', () => {
    expect(claimed(event, ownerOf('later', { ...version, lastModified: 2_000, listed: 'listing' }))).toBe(
      'free',
    );
    expect(claimed(event, ownerOf('again', { ...version, sequencer: '0055', listed: 'job' }))).toBe('free');
  });

  test('that is at work in an event’s place gives way to that event, and not the other way', () => {
    const inItsPlace = ownerOf('again', { ...version, sequencer: '0055', listed: 'job' });

    expect(claimed(inItsPlace, event, true)).toBe('supersedes');
    expect(claimed(event, inItsPlace, true)).toBe('busy');
  });
});
