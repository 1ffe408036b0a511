import { describe, expect, test } from 'vitest';
import type { Meddle } from '../../local/stack/machine.ts';
import { carry, carryOn, drop, PATH, testBed, transferOf } from '../kit/carry.ts';
import { mortal } from '../kit/mortal.ts';
import { bytesOf, failedEnds, idOf, openBed, SLICE, seen, sha1 } from '../kit/relay-bed.ts';
import { sized } from '../kit/sized.ts';

const SIZE = 3 * SLICE - 1;

/** One transfer whose function is killed at its nth operation of all. Says how far it came. */
async function crashAt(nth: number, when: 'before' | 'after', env: Readonly<Record<string, string>>) {
  const bed = await openBed({ env: { MAX_IN_FLIGHT: '2', ...env } });
  try {
    const { bytes, object } = await drop(bed, SIZE);
    let operations = 0;
    let last = '';
    const stack = await bed.start({
      machine: {
        meddle: (_, work) => {
          const step = ({ name }: { readonly name: string }) => {
            operations += 1;
            if (operations !== nth) return;
            last = name;
            life.die();
          };
          const life = mortal(stack.services, { [when]: step });
          return Promise.race([work(life.services), life.death]);
        },
      },
    });
    const transfer = await carryOn(stack, object);
    const isRight = transfer.state === 'stored' && (await bed.stored(PATH)) === sha1(bytes);
    return {
      isOver: operations < nth,
      isRight,
      what: `${when} operation ${nth} (${last}): ${transfer.state}`,
    };
  } finally {
    await bed.close();
  }
}

/** test/sim/killed-anywhere.test.ts kills at every operation; over real sockets each setting takes some, by turns. */
const EVERY = sized(12, 3);
describe.each([
  [1, 'integrity=md5', {}],
  [2, 'integrity=sha1', { INTEGRITY: 'sha1', ON_FOREIGN_UPLOAD: 'fail', ON_EXISTING: 'fail' }],
  [3, 'trustListed=verified', { TRUST_LISTED: 'verified', ON_EXISTING: 'fail', ON_FOREIGN_UPLOAD: 'fail' }],
])('%i, %s', (first, _, env) => {
  test.each(['before', 'after'] as const)(
    'a function killed %s an operation of a transfer does not keep it from being stored',
    { timeout: 300_000 },
    async (when) => {
      const wrong: string[] = [];
      for (let nth = first; ; nth += EVERY) {
        const { isOver, isRight, what } = await crashAt(nth, when, env);
        if (!isRight) wrong.push(what);
        if (isOver) break;
      }

      expect(wrong).toEqual([]);
    },
  );
});

test.each(Array.from({ length: sized(2, 6) }, (_, at) => at))(
  'two executions of one transfer at once: the file is right and nothing fails (%i)',
  async () => {
    const bed = await testBed();
    const { bytes, object } = await drop(bed, 10 * SLICE + 1);
    const [one, two] = [await bed.start(), await bed.start()];

    await Promise.all([one.announce(object), two.announce(object)]);
    await one.machine.start(`${idOf(object)}-forced`, { transferId: idOf(object) });
    await Promise.all([one.machine.idle(), two.machine.idle()]);

    expect((await transferOf(one, object)).state).toBe('stored');
    expect(await bed.stored(PATH)).toBe(sha1(bytes));
    expect(
      await failedEnds([...one.machine.executions.values(), ...two.machine.executions.values()]),
    ).toEqual([]);
  },
);

test('the same event five times over sends every slice once', async () => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, 10 * SLICE + 1);
  const stack = await bed.start();

  await Promise.all(Array.from({ length: 5 }, () => stack.announce(object)));
  await stack.machine.idle();
  await carryOn(stack, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(seen(bed.cos, 'upload_slice_data')).toHaveLength(11);
});

test.each(['cos.finish', 'cos.stat', 'store.replace'])(
  'a transfer superseded while it finishes (at %s) leaves the newer version at the path',
  async (name) => {
    const bed = await testBed();
    const { object } = await drop(bed, 4 * SLICE);
    const newer = bytesOf('newer', 4 * SLICE);
    const arrived: Promise<void>[] = [];
    const stack = await bed.start({
      machine: {
        meddle: (state, work) => {
          if (state !== 'FinishUpload' || arrived.length > 0) return work();
          const { services } = mortal(stack.services, {
            async before(operation) {
              if (operation.name !== name || arrived.length > 0) return;
              const next = await bed.put(PATH, newer);
              arrived.push(stack.announce(next));
              await arrived[0];
            },
          });
          return work(services);
        },
      },
    });

    await stack.announce(object);
    await stack.machine.idle();

    expect(arrived).toHaveLength(1);
    expect(await bed.stored(PATH)).toBe(sha1(newer));
    expect(['stored', 'superseded']).toContain((await transferOf(stack, object)).state);
  },
);

test('a process that goes away between any two functions is followed by one that goes on', async () => {
  const bed = await testBed({ env: { WINDOW_BYTES: '1048576', MAX_CONCURRENCY: '1' } });
  const { bytes, object } = await drop(bed, 6 * SLICE);
  for (let calls = 1; calls <= 6; calls += 1) {
    let left = calls;
    const stack = await bed.start({
      machine: {
        meddle: (_, work) => {
          left -= 1;
          return left < 0 ? Promise.reject(new Gone()) : work();
        },
      },
    });
    await stack.announce(object);
    await stack.machine.idle();
  }

  await carry(bed, object);

  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(seen(bed.cos, 'upload_slice_data')).toHaveLength(6);
});

class Gone extends Error {
  override readonly name = 'Gone';
}

test('a Lambda that turns calls away for hours costs the object nothing but time', async () => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  const turnedAway = new Map<string, number>();
  const meddle: Meddle = (state, work) => {
    const times = (turnedAway.get(state) ?? 0) + 1;
    turnedAway.set(state, times);
    if (times > 40) return work();
    return Promise.reject(
      Object.assign(new Error('Rate Exceeded'), { name: 'Lambda.TooManyRequestsException' }),
    );
  };

  const { transfer } = await carry(bed, object, { machine: { meddle } });

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});
