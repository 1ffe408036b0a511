import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Owner,
  recordedIn,
  type Target,
  targetRecord,
  type Upload,
} from '../../shared/records/target-record.ts';
import { compareSequencers } from '../../shared/target/claim-order.ts';
import { claimed, held, letGo, released, unheld } from '../../shared/target/hold-transitions.ts';
import type { Refusal, Transition } from '../../shared/target/transition.ts';
import { fileDeleted, orphaned, settled, uploadForgotten } from '../../shared/target/transitions.ts';
import {
  intended,
  restarted,
  sessionAdopted,
  sessionOpened,
  spoiled,
} from '../../shared/target/upload-transitions.ts';

const SIZE = 10;
const REFUSALS: readonly Refusal[] = [
  'older',
  'busy',
  'not-owner',
  'not-held',
  'not-active',
  'no-upload',
  'moved-on',
  'as-it-is',
];
const ownerOf = (id: string): Owner => {
  const [source, sequencer = ''] = id.split('-');
  return { transferId: id, sourceName: `s3:b/${source}`, sequencer };
};

/** Two versions of one source and one of another. */
const transferId = fc.constantFrom('a-1', 'a-2', 'b-1');
const session = fc.constantFrom('S', 'T', 'U', 'V');
const instead = fc.option(session, { nil: undefined });
const attempt = fc.integer({ min: 1, max: 4 });
const by = fc.constantFrom('x', 'y');
const at = fc.integer({ min: 1, max: 100 });

type Step = {
  readonly says: string;
  readonly id: string;
  readonly now: number;
  readonly transition: Transition;
};
const step = (says: string, id: string, now: number, transition: Transition): Step => ({
  says,
  id,
  now,
  transition,
});

const steps: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(transferId, at, fc.option(by, { nil: undefined }), at).map(([id, now, name, ms]) => {
    const hold = name === undefined ? undefined : { until: now + ms, by: name };
    return step('claimed', id, now, claimed({ owner: ownerOf(id), hold }, 't', now));
  }),
  fc
    .tuple(transferId, fc.constantFrom('proof', 'removal'), fc.option(by, { nil: undefined }), at, at)
    .map(([id, as, name, now, ms]) =>
      step('held', id, now, held({ transferId: id, as, by: name, now, until: now + ms })),
    ),
  fc
    .tuple(transferId, at, fc.constantFrom('proof', 'removal'))
    .map(([id, until, as]) => step('unheld', id, 0, unheld(id, until, as))),
  fc.tuple(by, fc.boolean()).map(([name, isAnswered]) => step('letGo', '', 0, letGo(name, isAnswered))),
  fc.tuple(transferId, at).map(([id, now]) => step('released', id, now, released(id, now))),
  fc
    .tuple(transferId, attempt)
    .map(([id, one]) => step('intended', id, 0, intended({ transferId: id, attempt: one, size: SIZE }))),
  fc.tuple(transferId, attempt, session, instead).map(([id, one, name, old]) => {
    const facts = {
      transferId: id,
      attempt: one,
      size: SIZE,
      session: name,
      serial: false,
      instead: old,
      at: 1,
    };
    return step('sessionOpened', id, 0, sessionOpened(facts));
  }),
  fc.tuple(transferId, session, instead).map(([id, name, old]) => {
    const facts = { transferId: id, size: SIZE, session: name, serial: true, instead: old, at: 1 };
    return step('sessionAdopted', id, 0, sessionAdopted(facts));
  }),
  transferId.map((id) => step('spoiled', id, 0, spoiled(id))),
  transferId.map((id) => step('restarted', id, 0, restarted(id))),
  fc
    .tuple(transferId, transferId)
    .map(([id, of]) => step('uploadForgotten', id, 0, uploadForgotten(id, { transferId: of }))),
  fc.tuple(transferId, attempt, instead).map(([id, one, closed]) => {
    const stored = { transferId: id, sourceName: ownerOf(id).sourceName, size: SIZE };
    return step('settled', id, 0, settled({ attempt: one, closed, stored }));
  }),
  transferId.map((id) => step('fileDeleted', id, 0, fileDeleted(ownerOf(id)))),
  session.map((name) => step('orphaned', '', 0, orphaned({ session: name, size: SIZE }))),
];
const history = fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 12 });

/** Walks through a history and shows each step that changed something; every result is a target, or a refusal by name. */
function walk(
  taken: readonly Step[],
  see: (from: Target | undefined, step: Step, to: Target) => void,
): Target | undefined {
  let target: Target | undefined;
  for (const one of taken) {
    const before = JSON.stringify(target);
    const next = one.transition(target);
    expect(JSON.stringify(target)).toBe(before); // pure: what it is given stays as it was
    if (typeof next === 'string') {
      expect(REFUSALS).toContain(next);
      continue;
    }
    const to: Target = { ...next, revision: (target?.revision ?? 0) + 1 };
    expect(targetRecord.parse(to)).toEqual(to); // what is written is read as it was written
    see(target, one, to);
    target = to;
  }
  return target;
}

const isKnown = (name: string, { upload, orphans }: Target): boolean =>
  recordedIn(upload)?.session === name || orphans.some(({ session: orphan }) => orphan === name);

const openIn = (upload: Upload | undefined): string | undefined => {
  const recorded = recordedIn(upload);
  return recorded?.state === 'open' ? recorded.session : undefined;
};

describe('whatever happens to a target, in whatever order', () => {
  test('an open session of ours stays known until it is replaced, stored, deleted or abandoned', () => {
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { says }, to) => {
          const session = openIn(from?.upload);
          if (session === undefined) return;
          // sessionOpened and sessionAdopted replace what their caller knew: one path has one session at COS; these end it
          if (['settled', 'fileDeleted', 'uploadForgotten'].includes(says)) return;
          if (['sessionOpened', 'sessionAdopted'].includes(says)) return;
          expect(isKnown(session, to), says).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('of two inits that both open a session, neither session is forgotten', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (known, secondFirst) => {
        const begin = known ? [open('K', 1)] : [];
        const instead = known ? 'K' : undefined;
        const answers = [opened('S', 2, instead), opened('T', 3, instead)];
        const target = walk(
          [claimOf('a-1'), ...begin, intend(2), intend(3), ...(secondFirst ? answers.toReversed() : answers)],
          () => undefined,
        ) as Target; // claimed above

        expect([isKnown('S', target), isKnown('T', target)]).toEqual([true, true]);
        expect(target.upload?.state).toBe('open');
      }),
    );
  });

  test('an init that may be under way is never taken for answered by the answer to another', () => {
    const target = walk([claimOf('a-1'), intend(1), intend(2), opened('S', 1, undefined)], () => undefined);

    expect(target?.upload).toMatchObject({ state: 'opening', inits: [2], before: { session: 'S' } });
  });

  test('an init whose answer nobody will record leaves an orphaned session', () => {
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { says }, to) => {
          if (from?.upload?.state !== 'opening' || to.upload?.state === 'opening') return;
          if (says === 'sessionOpened') return;
          const others = from.upload.inits.length > 1 || says !== 'settled';
          if (others) expect(to.orphans.some(({ session }) => session === undefined)).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('no hold is shortened but by who took it, by its answer, or by its end', () => {
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { says, id, now }, to) => {
          if (!from?.hold || (to.hold?.until ?? 0) >= from.hold.until) return;
          if (says === 'unheld' || says === 'settled' || says === 'fileDeleted')
            expect(id).toBe(from.owner.transferId);
          else if (says === 'released') expect(from.hold.until).toBeLessThanOrEqual(now);
          else if (says === 'claimed')
            expect(from.hold.until <= now || id === from.owner.transferId).toBe(true);
          else expect(says).toBe('letGo');
        });
      }),
      { numRuns: 500 },
    );
  });

  test('calls of one transfer that hold at once leave what was held before them, whoever ends first', () => {
    const base = fc.option(fc.record({ until: at, by }), { nil: undefined });
    const calls = fc.array(fc.record({ until: fc.integer({ min: 10, max: 100 }), rank: fc.nat() }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(base, fc.constantFrom('proof', 'removal'), calls, (hold, as, taken) => {
        const own = { transferId: 'a-1', as, by: hold?.by, now: 5 } as const;
        const claim = claimed({ owner: ownerOf('a-1'), hold }, 't', 5);
        let target = walk([step('claimed', 'a-1', 5, claim)], () => undefined) as Target; // nobody has it yet
        const took = (transition: Transition) => {
          const next = transition(target);
          if (typeof next === 'string') throw new Error(next);
          target = { ...next, revision: target.revision + 1 };
        };
        const untils = taken.map(({ until, rank }) => {
          took(held({ ...own, until }));
          return { until: target.hold?.until ?? 0, rank };
        });

        const leaving = untils.toSorted((a, b) => a.rank - b.rank);
        leaving.forEach(({ until }, index) => {
          took(unheld('a-1', until, as));
          const last = Math.max(0, ...leaving.slice(index + 1).map((one) => one.until));
          expect(target.hold?.until ?? 0).toBeGreaterThanOrEqual(last);
          if (index + 1 < leaving.length) expect(target.hold?.removal === true).toBe(as === 'removal');
        });
        expect(target.hold).toEqual(hold);
      }),
      { numRuns: 500 },
    );
  });

  test('what is left of a call whose transfer is over writes no upload down: the file stays proven', () => {
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { says }, to) => {
          if (
            from?.active ||
            says === 'claimed' ||
            JSON.stringify(from?.upload) === JSON.stringify(to.upload)
          )
            return;
          expect(['settled', 'fileDeleted', 'uploadForgotten', 'spoiled', 'restarted']).toContain(says);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('while an op=delete may be under way nobody closes, proves or sends a file, and while one does nobody deletes', () => {
    const kindOf = ({ hold }: Target) => (hold?.removal ? 'removal' : 'other');
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { says, now }, to) => {
          const isHeld = from?.hold !== undefined && from.hold.until > now;
          if (!isHeld || kindOf(from) === kindOf(to) || !to.hold) return;
          if (says === 'held') expect(from.hold?.by).toBeDefined(); // the caller's own hold
          if (says === 'claimed') expect(kindOf(from)).not.toBe('removal');
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test('no older version of a source follows a newer one, and nobody is robbed under a hold', () => {
    fc.assert(
      fc.property(history, (taken) => {
        walk(taken, (from, { now }, to) => {
          if (!from || from.owner.transferId === to.owner.transferId) return;
          if (from.owner.sourceName === to.owner.sourceName)
            expect(
              compareSequencers(from.owner.sequencer ?? '', to.owner.sequencer ?? ''),
            ).toBeLessThanOrEqual(0);
          expect(from.hold?.until ?? 0).toBeLessThanOrEqual(now);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('a file passes for stored only if its owner said so and nobody owned the target since', () => {
    fc.assert(
      fc.property(history, (taken) => {
        const settledBy: string[] = [];
        walk(taken, (from, { says, id }, to) => {
          if (says === 'settled') settledBy.push(id);
          if (to.file?.state === 'stored') expect(settledBy).toContain(to.file.transferId);
          if (from && from.owner.transferId !== to.owner.transferId && to.file?.state === 'stored')
            expect(to.file.transferId).toBe(from.owner.transferId);
        });
      }),
      { numRuns: 500 },
    );
  });
});

test('a session that is taken up late does not hide the one that another call recorded since', () => {
  const late = { transferId: 'a-1', size: SIZE, session: 'S', serial: true, at: 1 };
  const since = walk([claimOf('a-1'), open('S', 1), intend(2), opened('T', 2, 'S')], () => undefined);

  expect(sessionAdopted({ ...late, instead: 'S' })(since)).toBe('moved-on');
  expect(sessionAdopted({ ...late, instead: undefined })(since)).toBe('moved-on');
});

test('an upload of another version is forgotten, and never the one that the owner opened meanwhile', () => {
  const before = walk([claimOf('a-1'), open('S', 1), claimOf('a-2')], () => undefined);
  const opens = step('intended', 'a-2', 0, intended({ transferId: 'a-2', attempt: 1, size: SIZE }));
  const after = walk([claimOf('a-1'), open('S', 1), claimOf('a-2'), opens], () => undefined);

  expect(uploadForgotten('a-2', { transferId: 'a-1' })(before)).not.toHaveProperty('upload');
  expect(uploadForgotten('a-2', { transferId: 'a-1' })(after)).toBe('no-upload');
});

test('a spoiled upload has its file replaced by the next init, even if one was intended already', () => {
  const late = walk([claimOf('a-1'), open('S', 1), intend(2), spoil()], () => undefined);
  const early = walk([claimOf('a-1'), open('S', 1), spoil(), intend(2)], () => undefined);

  for (const target of [late, early])
    expect(target?.upload).toMatchObject({ state: 'opening', overwrite: true, before: { state: 'spoiled' } });
});

test('what COS counts as another SHA-1 is remembered over the next session', () => {
  const target = walk(
    [
      claimOf('a-1'),
      open('S', 1),
      step('restarted', 'a-1', 0, restarted('a-1')),
      intend(2),
      opened('T', 2, 'S'),
    ],
    () => undefined,
  );

  expect(target?.upload).toMatchObject({ state: 'open', session: 'T', restarted: true });
});

const claimOf = (id: string) => step('claimed', id, 0, claimed({ owner: ownerOf(id) }, 't', 0));
const intend = (one: number) =>
  step('intended', 'a-1', 0, intended({ transferId: 'a-1', attempt: one, size: SIZE }));
const opened = (name: string, one: number, old: string | undefined) =>
  step(
    'sessionOpened',
    'a-1',
    0,
    sessionOpened({
      transferId: 'a-1',
      attempt: one,
      size: SIZE,
      session: name,
      serial: false,
      instead: old,
      at: 1,
    }),
  );
const open = (name: string, one: number) => opened(name, one, undefined);
const spoil = () => step('spoiled', 'a-1', 0, spoiled('a-1'));

test('a transfer that goes on without a hold keeps others away until its unanswered request is over', () => {
  const first = claimed({ owner: ownerOf('a-1'), hold: { until: 100, by: 'x' } }, 't', 0)(undefined);
  if (typeof first === 'string') throw new Error(first);
  const failed = letGo('x', false)({ ...first, revision: 1 });
  if (typeof failed === 'string') throw new Error(failed);

  const goesOn = claimed({ owner: ownerOf('a-1') }, 't', 50)({ ...failed, revision: 2 });

  expect(goesOn).toMatchObject({ hold: { until: 100 } });
  expect(claimed({ owner: ownerOf('a-2') }, 't', 50)({ ...Object(goesOn), revision: 3 })).toBe('busy');
});

test.each([
  ['removal', 'proof'],
  ['proof', 'removal'],
] as const)('a target that is held as %s is not held as %s too', (first, second) => {
  const target = walk([claimOf('a-1')], () => undefined);
  const hold = (as: typeof first) => held({ transferId: 'a-1', as, by: 'x', now: 1, until: 9 });
  const taken = hold(first)(target);
  if (typeof taken === 'string') throw new Error(taken);

  expect(hold(second)({ ...taken, revision: 2 })).toBe('busy');
});
