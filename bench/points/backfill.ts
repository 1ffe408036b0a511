import { join } from 'node:path';
import { makeFile, openBed } from '../bed.ts';
import { openChild } from '../child.ts';
import type { LoopContender } from '../contenders/plain-loop.ts';
import { openRclone } from '../contenders/rclone.ts';
import type { RelayContender } from '../contenders/relay.ts';
import { HANDOUT } from '../deployed.ts';
import { type Figure, type How, type Measured, MIB, type Note } from '../figures.ts';
import type { Load } from '../place.ts';
import type { Usage } from '../usage.ts';

const POINT = 'backfill';
const SIZE = 65_536;
/** Between two regions of one continent. */
const LATENCY_MS = 50;
/** The loop has one speed, whatever the number: so many of them show it. */
const LOOPED = 50;
const PROVEN_AT_ONCE = 100;
/** What an object costs may not grow with their number by more than this. */
const GROWTH_MOST = 1.2;

/** A bucket of small objects: by a backfill, by an event each, by the plain loop, and by rclone. */
export async function backfill({ quick, say }: How): Promise<Measured> {
  const counts = quick ? [100] : [1_000, 20_000];
  const figures: (Figure | Note)[] = [];
  const cpuEach: number[] = [];
  for (const [index, count] of counts.entries()) {
    const { rclone, ...usages } = await race(count, index === 0);
    for (const [way, { of, usage }] of Object.entries(usages)) {
      const rate = of / (usage.ms / 1_000);
      say(`${of} of 64 KiB, ${way}: ${rate.toFixed(1)}/s, CPU ${(usage.cpuMs / of).toFixed(1)} ms each`);
      figures.push(
        { point: POINT, what: `${of} of 64 KiB, ${way}`, value: rate, unit: 'objects/s' },
        { point: POINT, what: `${of} of 64 KiB, ${way}, CPU each`, value: usage.cpuMs / of, unit: 'ms' },
      );
    }
    cpuEach.push(usages.backfill.usage.cpuMs / count);
    figures.push(
      rclone
        ? {
            point: POINT,
            what: `${count} of 64 KiB, rclone to WebDAV`,
            value: count / (rclone.ms / 1_000),
            unit: 'objects/s',
          }
        : { point: POINT, note: 'rclone is not installed here' },
    );
  }
  const [few, many] = cpuEach;
  if (few !== undefined && many !== undefined)
    figures.push({
      point: POINT,
      what: `CPU each, ${counts.at(-1)} : ${counts[0]}`,
      value: many / few,
      unit: '',
      goal: { atMost: GROWTH_MOST },
    });
  const note = `COS answers after ${LATENCY_MS} ms; one process, which runs batches, report and the map itself. rclone's WebDAV answers at once`;
  return [...figures, { point: POINT, note }];
}

type Carried = { readonly of: number; readonly usage: Usage };
type Race = {
  readonly backfill: Carried;
  readonly 'an event each'?: Carried;
  readonly 'plain loop'?: Carried;
  readonly rclone?: Usage;
};

/** The one-by-one ways have one speed, whatever the number: they run where they are asked for. */
async function race(count: number, oneByOne: boolean): Promise<Race> {
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
    const whole = await show('a', count);
    const backfill = { of: count, usage: await proven(whole, () => filler.call('backfill', 'a/')) };
    const rclone = await openRclone(bed.dir, file);
    const copied = await rclone?.copyMany(count).finally(rclone.close);
    const race = { backfill, ...(copied && { rclone: copied }) };
    if (!oneByOne) return race;
    const [b, c] = [await show('b', count), await show('c', LOOPED)];
    const events = await proven(b, () => relay.call('runAll', { loads: b, ...HANDOUT }));
    const looped = await proven(c, () => loop.call('runAll', c));
    return {
      ...race,
      'an event each': { of: count, usage: events },
      'plain loop': { of: LOOPED, usage: looped },
    };
  } finally {
    await Promise.all([...relays.map((relay) => relay.close()), loop.close()]);
    await bed.close();
  }
}
