import { bundled } from '../bundles.ts';
import { openChild } from '../child.ts';
import type { Planner } from '../contenders/planner.ts';
import { type How, type Measured, median } from '../figures.ts';

const PLANNER = new URL('../contenders/planner.ts', import.meta.url);
const POINT = 'plan';
/** 64 GiB in slices of 512 KiB. */
const MOST = 131_072;
const SLICE_BYTES = 524_288;

/** Plans, reads a listing, compares and makes windows, at four sizes. */
export async function plan({ quick, say }: How): Promise<Measured> {
  const rounds = quick ? 5 : 15;
  const each: { slices: number; ms: number; payloadKiB: number; rssMiB: number }[] = [];
  for (const slices of [1_000, 10_000, 100_000, MOST]) {
    const text = reply(slices);
    const child = openChild<Planner>(await bundled(PLANNER));
    const first = await child.call('run', { slices, text });
    const rssMiB = await child.call('peakRssMiB', undefined as never); // of one listing: a call makes no more
    const warm = [];
    for (let round = 0; round < rounds; round += 1) warm.push((await child.call('run', { slices, text })).ms);
    await child.close();
    const ms = median(warm);
    say(
      `${slices} slices: ${ms.toFixed(1)} ms, the first time ${first.ms.toFixed(1)} ms, ${rssMiB.toFixed(0)} MiB`,
    );
    each.push({
      slices,
      ms: slices === MOST ? first.ms : ms,
      payloadKiB: first.payloadBytes / 1_024,
      rssMiB,
    });
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

/** As long as it gets: all slices are listed, every other one with a length that does not count. */
function reply(slices: number): string {
  const listparts = Array.from({ length: slices }, (_, index) => ({
    offset: index * SLICE_BYTES,
    datalen: index % 2 === 0 ? SLICE_BYTES : 1,
  }));
  const filesize = slices * SLICE_BYTES;
  return JSON.stringify({ session: 'a-session', filesize, slice_size: SLICE_BYTES, listparts });
}
