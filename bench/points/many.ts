import { makeFile, openBed } from '../bed.ts';
import { openChild } from '../child.ts';
import type { LoopContender } from '../contenders/plain-loop.ts';
import type { RelayContender } from '../contenders/relay.ts';
import { HANDOUT } from '../deployed.ts';
import { alternate, type Figure, type How, type Measured, MIB, median } from '../figures.ts';
import type { Usage } from '../usage.ts';

const POINT = 'many objects';
/** Between two regions of one continent. */
const LATENCY_MS = 50;
type ObjectSet = {
  readonly size: number;
  /** Objects before those that count. */
  readonly warmUp: number;
  /** Both ways take turns, round after round, with `count` new objects each. */
  readonly rounds: number;
  readonly count: number;
};
const FULL: readonly ObjectSet[] = [
  { size: 65_536, warmUp: 150, rounds: 5, count: 200 },
  { size: 24 * MIB, warmUp: 4, rounds: 5, count: 20 },
];
const QUICK: readonly ObjectSet[] = [
  { size: 65_536, warmUp: 60, rounds: 3, count: 40 },
  { size: 24 * MIB, warmUp: 2, rounds: 1, count: 4 },
];

/** Many objects through the event path, against the plain loop, one after the other. */
export async function many({ quick, say }: How): Promise<Measured> {
  const figures: Figure[] = [];
  for (const set of quick ? QUICK : FULL) {
    const { rounds, count, size } = set;
    const results = await race(set);
    const what = `${rounds} times ${count} of ${size >= MIB ? `${size / MIB} MiB` : `${size / 1_024} KiB`}`;
    const [relay, loop] = [results.relay ?? [], results.loop ?? []];
    const rate = (runs: readonly Usage[]) => count / (median(runs.map(({ ms }) => ms)) / 1_000);
    const ratio = median(relay.map(({ ms }, index) => (loop[index]?.ms ?? Number.NaN) / ms));
    const cpu = (runs: readonly Usage[]) => median(runs.map(({ cpuMs }) => cpuMs)) / count;
    say(`${what}: relay ${rate(relay).toFixed(1)}/s, loop ${rate(loop).toFixed(1)}/s`);
    figures.push(
      { point: POINT, what: `${what}, relay`, value: rate(relay), unit: 'objects/s' },
      { point: POINT, what: `${what}, CPU each`, value: cpu(relay), unit: 'ms' },
      { point: POINT, what: `${what}, (b) plain loop`, value: rate(loop), unit: 'objects/s' },
      { point: POINT, what: `${what}, CPU each of (b)`, value: cpu(loop), unit: 'ms' },
      { point: POINT, what: `${what}, relay : (b)`, value: ratio, unit: '', goal: { atLeast: 3 } },
    );
  }
  return [
    ...figures,
    {
      point: POINT,
      note: `COS answers after ${LATENCY_MS} ms, ${HANDOUT.calls} calls at once with ${HANDOUT.batch} events each`,
    },
  ];
}

async function race({ size, warmUp, rounds, count }: ObjectSet): Promise<Record<string, Usage[]>> {
  const bed = await openBed({ latencyMs: LATENCY_MS });
  const relay = openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url));
  const loop = openChild<LoopContender>(new URL('../contenders/plain-loop.ts', import.meta.url));
  try {
    const file = await makeFile(bed.dir, size);
    await relay.call('open', { place: bed.place });
    await loop.call('open', { place: bed.place, sliceSize: MIB });
    const fresh = (some: number) => Promise.all(Array.from({ length: some }, () => bed.show(file)));
    const run = async (some: number, work: (loads: Awaited<ReturnType<typeof fresh>>) => Promise<Usage>) => {
      const loads = await fresh(some);
      const usage = await work(loads);
      await Promise.all(loads.map((load) => bed.prove(load, file)));
      return usage;
    };
    const turns = (some: number) => ({
      relay: () => run(some, (loads) => relay.call('runAll', { loads, ...HANDOUT })),
      loop: () => run(some, (loads) => loop.call('runAll', loads)),
    });
    await alternate(0, turns(warmUp));
    return await alternate(rounds, turns(count), 'warm');
  } finally {
    await Promise.all([relay.close(), loop.close()]);
    await bed.close();
  }
}
