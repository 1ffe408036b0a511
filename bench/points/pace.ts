import { makeFile, openBed } from '../bed.ts';
import { openChild } from '../child.ts';
import type { RelayContender } from '../contenders/relay.ts';
import { alternate, type Figure, type How, type Measured, MIB, median } from '../figures.ts';

const POINT = 'pace';

/** One worker against COS endpoints of several latencies: the pace it finds, and every fixed one. */
export async function pace({ quick, say }: How): Promise<Measured> {
  const figures: Figure[] = [];
  for (const latencyMs of quick ? [50] : [5, 50, 200]) {
    const fixed = quick ? [16, 32] : [2, 4, 8, 16, 32]; // the best at 50 ms is one of these
    const rates = await ratesAt(latencyMs, fixed, quick ? 3 : 5);
    const own = rates.adaptive ?? Number.NaN;
    const [bestName = '', best = Number.NaN] =
      Object.entries(rates)
        .filter(([name]) => name !== 'adaptive')
        .sort(([, a], [, b]) => b - a)[0] ?? [];
    say(
      `${latencyMs} ms: ${Object.entries(rates)
        .map(([name, rate]) => `${name} ${rate.toFixed(0)}`)
        .join(', ')} MiB/s`,
    );
    figures.push(
      { point: POINT, what: `${latencyMs} ms latency, adaptive`, value: own, unit: 'MiB/s' },
      {
        point: POINT,
        what: `${latencyMs} ms latency, best fixed: ${bestName} in flight`,
        value: best,
        unit: 'MiB/s',
      },
      {
        point: POINT,
        what: `${latencyMs} ms latency, adaptive : best fixed`,
        value: own / best,
        unit: '',
        goal: { atLeast: 1 },
      },
    );
  }
  return figures;
}

async function ratesAt(
  latencyMs: number,
  fixed: readonly number[],
  rounds: number,
): Promise<Record<string, number>> {
  const bed = await openBed({ latencyMs });
  const workers = new Map<string, ReturnType<typeof openChild<RelayContender>>>();
  // one window of the whole object: one worker, as on Lambda
  const env = { MAX_IN_FLIGHT: '32', MAX_CONCURRENCY: '1', WINDOW_BYTES: String(1_024 * MIB) };
  try {
    const file = await makeFile(bed.dir, 128 * MIB);
    for (const setting of ['adaptive', ...fixed.map(String)]) {
      const child = openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url));
      const fixedPace = Number(setting);
      await child.call('open', { place: bed.place, env, ...(fixedPace > 0 && { fixedPace }) });
      workers.set(setting, child);
    }
    const runs = [...workers].map(([name, child]) => {
      const run = async () => {
        const load = await bed.show(file);
        const { ms } = await child.call('run', load);
        await bed.prove(load, file);
        return file.size / MIB / (ms / 1_000);
      };
      return [name, run] as const;
    });
    const results = await alternate(rounds, Object.fromEntries(runs));
    return Object.fromEntries(Object.entries(results).map(([name, rates]) => [name, median(rates)]));
  } finally {
    await Promise.all([...workers.values()].map((child) => child.close()));
    await bed.close();
  }
}
