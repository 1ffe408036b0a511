import { writeFile } from 'node:fs/promises';
import { type Bed, makeFile, openBed } from '../bed.ts';
import { type Child, openChild } from '../child.ts';
import type { Counted, RelayContender } from '../contenders/relay.ts';
import { HANDOUT } from '../deployed.ts';
import { type Figure, type How, type Measured, MIB } from '../figures.ts';

const POINT = 'calls';
const COUNTS = new URL('../counts.json', import.meta.url);
/** As deployed. */
const ENV = { MAX_CONCURRENCY: '20', MAX_IN_FLIGHT: '32', WATCH_MS: '60000', PROGRESS_MS: '900000' }; // what a worker looks at now and then goes by time, not by bytes

type Counts = Counted & { readonly cos: Record<string, number>; readonly s3: Record<string, number> };

/** Small objects, as the queue hands them out: one batch. */
const SMALL = { size: 65_536, batch: HANDOUT.batch };

/**
 * What one object costs in requests: fresh, resumed at half, and already stored; and a batch of small ones. The full run
 * writes counts.json.
 */
export async function calls({ quick, say }: How): Promise<Measured> {
  const size = (quick ? 256 : 1_024) * MIB;
  const bed = await openBed();
  const relay = openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url));
  try {
    const file = await makeFile(bed.dir, size);
    await relay.call('open', { place: bed.place, env: ENV });
    const count = await counter(bed, relay);

    const load = await bed.show(file);
    await count();
    await relay.call('run', load);
    const fresh = withoutOurLooks(await count());
    await relay.call('run', load);
    const stored = withoutOurLooks(await count());
    await bed.prove(load, file);

    const second = await bed.show(file);
    const { transferId, windows } = await relay.call('begin', second);
    for (const window of windows.slice(0, windows.length / 2))
      await relay.call('carry', { transferId, window });
    await count();
    await relay.call('resume', { transferId });
    const resumedAtHalf = await count();
    await bed.prove(second, file);

    const small = await makeFile(bed.dir, SMALL.size);
    const loads = await Promise.all(Array.from({ length: SMALL.batch }, () => bed.show(small)));
    await count();
    await relay.call('runAll', { loads, calls: 1, batch: SMALL.batch });
    const smallBatch = withoutOurLooks(await count(), SMALL.batch);
    await Promise.all(loads.map((one) => bed.prove(one, small)));

    const cases = { fresh, resumedAtHalf, stored, smallBatch };
    const counted = { size, sliceSize: MIB, batch: SMALL.batch, cases };
    if (!quick) await writeFile(COUNTS, `${JSON.stringify(counted, null, 2)}\n`);
    say(JSON.stringify(cases));
    const one = `${size / MIB} MiB`;
    return [
      ...figures(`${one} fresh`, fresh),
      ...figures(`${one} resumed at half`, resumedAtHalf),
      ...figures(`${one} stored before`, stored),
      ...figures(`a batch of ${SMALL.batch} of ${SMALL.size / 1_024} KiB`, smallBatch),
    ];
  } finally {
    await relay.close();
    await bed.close();
  }
}

/** The bench itself looks at each object once to make its event. */
const withoutOurLooks = (counts: Counts, looks = 1): Counts => ({
  ...counts,
  s3: { ...counts.s3, head: (counts.s3.head ?? looks) - looks },
});

/** Resolves with what was called since it was last asked. */
async function counter(bed: Bed, relay: Child<RelayContender>): Promise<() => Promise<Counts>> {
  let before = await far(bed);
  return async () => {
    const now = await far(bed);
    const counts = {
      ...(await relay.call('counted', undefined as never)),
      cos: difference(now.cos, before.cos),
      s3: difference(now.s3, before.s3),
    };
    before = now;
    return counts;
  };
}

const far = async ({ cos, s3 }: Bed) => ({
  cos: await cos.call('counts', undefined as never),
  s3: await s3.call('counts', undefined as never),
});

const difference = (now: Record<string, number>, before: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(now)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );

function figures(which: string, { cos, s3, dynamodb, lambda, transitions }: Counts): Figure[] {
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  const figure = (what: string, value: number): Figure => ({
    point: POINT,
    what: `${which}, ${what}`,
    value,
    unit: '',
  });
  return [
    figure('COS requests', sum(cos)),
    figure('S3 requests', sum(s3)),
    figure('DynamoDB requests', sum(dynamodb)),
    figure('Lambda calls', sum(lambda)),
    figure('state transitions', transitions),
  ];
}
