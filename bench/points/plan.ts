import { openChild } from '../child.ts';
import type { Planner } from '../contenders/planner.ts';
import { type How, type Measured, median } from '../figures.ts';

const POINT = 'plan';
/** 64 GiB in slices of 512 KiB. */
const MOST = 131_072;

/** Plans, reads a listing, compares and makes windows, at four sizes. */
export async function plan({ quick, say }: How): Promise<Measured> {
  const rounds = quick ? 5 : 15;
  const each: { slices: number; ms: number; payloadKiB: number; rssMiB: number }[] = [];
  for (const slices of [1_000, 10_000, 100_000, MOST]) {
    const child = openChild<Planner>(new URL('../contenders/planner.ts', import.meta.url));
    const runs = [];
    for (let round = 0; round <= rounds; round += 1) runs.push(await child.call('run', { slices }));
    const worst = runs.reduce((sum, { payloadBytes }) => Math.max(sum, payloadBytes), 0);
    const rssMiB = await child.call('peakRssMiB', undefined as never);
    await child.close();
    const [first, ...warm] = runs;
    const ms = median(warm.map((one) => one.ms));
    say(`${slices} slices: ${ms.toFixed(1)} ms, the first time ${first?.ms.toFixed(1)} ms`);
    each.push({ slices, ms: slices === MOST ? (first?.ms ?? ms) : ms, payloadKiB: worst / 1_024, rssMiB });
  }
  const [k1, k10, k100, all] = each;
  if (!k1 || !k10 || !k100 || !all) throw new Error('a size was not measured');
  const perSlice = (one: { slices: number; ms: number }) => (one.ms / one.slices) * 1_000;
  return [
    { point: POINT, what: '131,072 slices, cold', value: all.ms, unit: 'ms', goal: { atMost: 300 } },
    { point: POINT, what: '131,072 slices, peak RSS', value: all.rssMiB, unit: 'MiB', goal: { atMost: 150 } },
    { point: POINT, what: 'largest payload', value: all.payloadKiB, unit: 'KiB', goal: { atMost: 200 } },
    { point: POINT, what: '1,000 slices', value: perSlice(k1), unit: 'µs/slice' },
    { point: POINT, what: '10,000 slices', value: perSlice(k10), unit: 'µs/slice' },
    { point: POINT, what: '100,000 slices', value: perSlice(k100), unit: 'µs/slice' },
    {
      point: POINT,
      what: 'growth, 100k to 10k a slice',
      value: perSlice(k100) / perSlice(k10),
      unit: 'x',
      goal: { atMost: 1.5 },
    },
  ];
}
