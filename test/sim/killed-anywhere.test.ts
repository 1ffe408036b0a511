import { describe, expect, test } from 'vitest';
import { PLAIN } from './models/cos-state.ts';
import type { Plan } from './plan.ts';
import { play } from './run.ts';
import { NO_TROUBLE, type Trouble } from './trouble.ts';

// Each operation of a transfer once, with each way to go wrong: nothing is drawn.

const SLICE = 524_288;
const FATES = ['dies-before', 'dies-after', 'dies-late', 'lost', 'unanswered'] as const;
const MOST = 400;

const planOf = (name: string, size: number, env: Readonly<Record<string, string>>): Plan => ({
  name,
  env: { SLICE_SIZE: String(SLICE), MAX_IN_FLIGHT: '2', SMALL_OBJECT_MAX: '2000', ...env },
  versioned: false,
  behaviour: PLAIN,
  before: 'nothing',
  happenings: [{ at: 0, act: { kind: 'put', object: 0, size } }],
  weather: { slow: 0, wrong: 0, most: 0, canDamage: false },
  lifeMs: 900_000,
  skewMs: 0,
});

/** The same transfer, but its nth operation of all goes wrong. */
async function wrongAt(plan: Plan, nth: number, trouble: Trouble) {
  let operations = 0;
  let last = '';
  const { violation, end } = await play(plan, (key, operation) => {
    operations += 1;
    if (operations !== nth) return undefined;
    last = `${key} ${operation}`;
    return trouble;
  });
  const isRight = violation === undefined && end.startsWith('stored');
  return { isOver: operations < nth, isRight, what: `operation ${nth} (${last}): ${violation?.text ?? end}` };
}

describe.each([
  ['a small object', 900, {}],
  ['a sliced object', SLICE + 100, {}],
  ['integrity=sha1', SLICE + 100, { INTEGRITY: 'sha1', ON_FOREIGN_UPLOAD: 'fail', ON_EXISTING: 'fail' }],
  [
    'trustListed=verified',
    SLICE + 100,
    { TRUST_LISTED: 'verified', ON_EXISTING: 'fail', ON_FOREIGN_UPLOAD: 'fail' },
  ],
])('%s', (name, size, env) => {
  test.each(FATES)('is stored although any single operation is of the fate "%s"', async (fate) => {
    const wrong: string[] = [];
    for (let nth = 1; nth < MOST; nth += 1) {
      const { isOver, isRight, what } = await wrongAt(planOf(name, size, env), nth, { ...NO_TROUBLE, fate });
      if (!isRight) wrong.push(what);
      if (isOver) break;
      expect(nth).toBeLessThan(MOST - 1);
    }

    expect(wrong).toEqual([]);
  });
});
