import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNobody, type Owner, type Target, type Upload } from '../../shared/records/target-record.ts';
import { decideClaim } from '../../shared/target/claim-order.ts';
import { claimed } from '../../shared/target/hold-transitions.ts';
import { claimedAsTold, confirmed, letGoConfirmed, unclaimed } from '../../shared/target/told-transitions.ts';

const NOW = 1_000;
const NAME = 'gz/1/b/k';
const owner = (transferId: string, sequencer?: string, source = 's3:b/k'): Owner => ({
  transferId,
  sourceName: source,
  lastModified: 5,
  ...(sequencer !== undefined && { sequencer }),
});
const mine = owner('mine', '05');
const hold = { until: NOW + 100, by: 'me' };
const claim = claimedAsTold({ owner: mine, hold }, NAME, NOW);
const LEFT_OVER: Upload = {
  state: 'open',
  transferId: 'old',
  size: 1,
  overwrite: false,
  restarted: false,
  session: 's',
  openedAt: 0,
};
const at = (from: Partial<Target> & { readonly owner: Owner }): Target => ({
  name: NAME,
  active: false,
  orphans: [],
  revision: 3,
  ...from,
});
const later = claimed({ owner: owner('next', '01') }, NAME, NOW);
const written = (next: ReturnType<typeof claim>): Target => {
  if (typeof next === 'string') throw new Error(next);
  return { ...next, revision: 4 };
};

const ANY: fc.Arbitrary<Target | undefined> = fc.option(
  fc.record({
    name: fc.constant(NAME),
    owner: fc.record({
      transferId: fc.constantFrom('mine', 'theirs'),
      sourceName: fc.constantFrom('s3:b/k', 's3:b/other'),
      sequencer: fc.option(fc.constantFrom('04', '05', '06'), { nil: undefined }),
      lastModified: fc.constantFrom(4, 5, 6),
    }),
    active: fc.boolean(),
    hold: fc.option(fc.record({ until: fc.constant(NOW + 1), by: fc.constant('them') }), {
      nil: undefined,
    }),
    file: fc.option(
      fc.constant({ state: 'stored' as const, transferId: 'theirs', sourceName: 's', size: 1 }),
      {
        nil: undefined,
      },
    ),
    orphans: fc.constantFrom([], [{ session: 's', size: 1 }]),
    revision: fc.constant(3),
  }),
  { nil: undefined },
);

describe('a target that is claimed for a version which only an event tells of', () => {
  test('was taken from nobody, and is what it was once S3 does not confirm the version', () => {
    fc.assert(
      fc.property(ANY, (from) => {
        const next = claim(from);
        if (typeof next === 'string') return;
        expect(from === undefined || (!from.active && !isHeld(from))).toBe(true);

        const back = written(unclaimed('me', from)(written(next)));

        if (from) expect({ ...back, revision: 3 }).toEqual(from);
        // the next to come finds a path as nobody ever claimed it
        else expect(written(later(back))).toEqual(written(later(undefined)));
      }),
    );
  });

  test.each([
    ['works on it', at({ owner: owner('old', '04'), active: true })],
    ['may have a request under way', at({ owner: owner('old', '04'), hold: { until: NOW + 1 } })],
    ['left an upload', at({ owner: owner('old', '04'), upload: LEFT_OVER })],
    ['is newer', at({ owner: owner('new', '06') })],
    ['was ordered by a time that only S3 knows', at({ owner: owner('listed') })],
    ['is a version that nobody confirmed either', at({ owner: { ...owner('old', '04'), told: true } })],
  ])('is left to S3 to decide if who has it %s', (_, from) => {
    expect(claim(from)).toBe('busy');
  });

  test('tells an older version to wait, not to go: it may turn out to be the one to carry', () => {
    const target = written(claim(undefined));

    expect(decideClaim(target, { owner: owner('older', '04') }, NOW)).toBe('busy');
    expect(
      decideClaim(
        { ...target, active: false, hold: undefined } as Target,
        { owner: owner('older', '04') },
        NOW,
      ),
    ).toBe('free');
  });

  test('has its place in the order as soon as S3 confirms it, whatever becomes of it then', () => {
    const target = written(claim(undefined));

    const failed = written(letGoConfirmed('me', false, mine)(target));

    expect(confirmed(target, 5)).toEqual(mine);
    expect(decideClaim(failed, { owner: owner('older', '04') }, NOW)).toBe('older');
    expect(isNobody(failed.owner)).toBe(false);
  });

  test('is claimed once by a write whose answer was lost', () => {
    const target = written(claim(undefined));

    expect(claim(target)).toEqual(target);
  });
});

const isHeld = ({ hold: there }: Target): boolean => there !== undefined && there.until > NOW;
