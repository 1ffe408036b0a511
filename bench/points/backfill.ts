import { join } from 'node:path';
import { makeFile, openBed } from '../bed.ts';
import { openChild } from '../child.ts';
import type { LoopContender } from '../contenders/plain-loop.ts';
import type { RelayContender } from '../contenders/relay.ts';
import { HANDOUT } from '../deployed.ts';
import { type Figure, type How, type Measured, MIB } from '../figures.ts';
import type { Load } from '../place.ts';
import type { Usage } from '../usage.ts';

const POINT = 'backfill';
const SIZE = 65_536;
/** Between two regions of one continent. */
const LATENCY_MS = 50;
/** The loop has one speed, whatever the number: so many of them show it. */
const LOOPED = 100;
const PROVEN_AT_ONCE = 100;

/** A bucket of small objects: by a backfill, by an event each, and by the plain loop. */
export async function backfill({ quick, say }: How): Promise<Measured> {
  const figures: Figure[] = [];
  for (const count of quick ? [100] : [1_000, 3_000]) {
    const { whole, events, loop } = await race(count);
    const rate = (usage: Usage, of: number) => of / (usage.ms / 1_000);
    say(`${count}: backfill ${rate(whole, count).toFixed(1)}/s, events ${rate(events, count).toFixed(1)}/s`);
    const what = `${count} of 64 KiB`;
    figures.push(
      { point: POINT, what: `${what}, backfill`, value: rate(whole, count), unit: 'objects/s' },
      { point: POINT, what: `${what}, CPU each`, value: whole.cpuMs / count, unit: 'ms' },
      { point: POINT, what: `${what}, an event each`, value: rate(events, count), unit: 'objects/s' },
      { point: POINT, what: `${what}, CPU each by events`, value: events.cpuMs / count, unit: 'ms' },
      { point: POINT, what: `${LOOPED} of 64 KiB, plain loop`, value: rate(loop, LOOPED), unit: 'objects/s' },
      { point: POINT, what: `${LOOPED} of 64 KiB, CPU each of it`, value: loop.cpuMs / LOOPED, unit: 'ms' },
    );
  }
  const note = `COS answers after ${LATENCY_MS} ms; one process, which runs batches, report and the map itself`;
  return [...figures, { point: POINT, note }];
}

async function race(count: number): Promise<Record<'whole' | 'events' | 'loop', Usage>> {
  const bed = await openBed({ latencyMs: LATENCY_MS });
  const relays = [0, 1].map(() =>
    openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url)),
  );
  const loop = openChild<LoopContender>(new URL('../contenders/plain-loop.ts', import.meta.url));
  try {
    const [filler, relay] = relays;
    if (!filler || !relay) throw new Error('there are two');
    const file = await makeFile(bed.dir, SIZE);
    await filler.call('open', { place: bed.place, root: join(bed.dir, 's3') });
    await relay.call('open', { place: bed.place });
    await loop.call('open', { place: bed.place, sliceSize: MIB });
    const show = async (under: string, some: number): Promise<Load[]> => {
      const loads: Load[] = [];
      for (let at = 0; at < some; at += 1) loads.push(await bed.show(file, `${under}/${at}.bin`));
      return loads;
    };
    const proven = async (loads: readonly Load[], work: () => Promise<Usage>): Promise<Usage> => {
      const usage = await work();
      for (let at = 0; at < loads.length; at += PROVEN_AT_ONCE)
        await Promise.all(loads.slice(at, at + PROVEN_AT_ONCE).map((load) => bed.prove(load, file)));
      return usage;
    };
    // each is warm before it counts
    await proven(await show('warm-a', 60), () => filler.call('backfill', 'warm-a/'));
    const warm = await show('warm-b', 60);
    await proven(warm, () => relay.call('runAll', { loads: warm, ...HANDOUT }));
    const [a, b, c] = [await show('a', count), await show('b', count), await show('c', LOOPED)];
    return {
      whole: await proven(a, () => filler.call('backfill', 'a/')),
      events: await proven(b, () => relay.call('runAll', { loads: b, ...HANDOUT })),
      loop: await proven(c, () => loop.call('runAll', c)),
    };
  } finally {
    await Promise.all([...relays.map((relay) => relay.close()), loop.close()]);
    await bed.close();
  }
}
