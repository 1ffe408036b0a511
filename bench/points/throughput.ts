import { type Bed, makeFile, openBed, type SourceFile } from '../bed.ts';
import { type Child, openChild } from '../child.ts';
import type { LoopContender } from '../contenders/plain-loop.ts';
import type { RawContender } from '../contenders/raw-posts.ts';
import { openRclone } from '../contenders/rclone.ts';
import type { RelayContender } from '../contenders/relay.ts';
import { alternate, type Figure, type How, type Measured, MIB, median, type Note } from '../figures.ts';
import type { Load } from '../place.ts';
import { type Usage, usageOf } from '../usage.ts';

const POINT = 'throughput';
const SLICE_BYTES = MIB;
const IN_FLIGHT = 8;

/** One object through the whole local stack, against the limit, the plain loop and rclone. */
export async function throughput({ quick, say }: How): Promise<Measured> {
  const bed = await openBed();
  const children = {
    relay: openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url)),
    raw: openChild<RawContender>(new URL('../contenders/raw-posts.ts', import.meta.url)),
    loop: openChild<LoopContender>(new URL('../contenders/plain-loop.ts', import.meta.url)),
  };
  const senders = [1, 2].map(() =>
    openChild<RawContender>(new URL('../contenders/raw-posts.ts', import.meta.url)),
  );
  const { relay, raw, loop } = children;
  const { place } = bed;
  try {
    const file = await makeFile(bed.dir, (quick ? 256 : 1_024) * MIB);
    const looped = quick ? await makeFile(bed.dir, 64 * MIB) : file; // the slowest by far has one speed, whatever the size
    await relay.call('open', { place });
    await raw.call('open', { place, file: file.path, sliceSize: SLICE_BYTES, inFlight: IN_FLIGHT });
    const unchecked = {
      place,
      file: file.path,
      sliceSize: SLICE_BYTES,
      inFlight: IN_FLIGHT,
      unchecked: true,
    };
    for (const sender of senders) await sender.call('open', unchecked);
    await loop.call('open', { place, sliceSize: SLICE_BYTES });
    const rclone = await openRclone(bed.dir, file);
    const results = await alternate(quick ? 3 : 5, {
      relay: () => proven(bed, file, (load) => relay.call('run', load)),
      raw: () => proven(bed, file, (load) => raw.call('run', load)),
      limit: () => atOnce(bed, file, senders),
      loop: async () => {
        const usage = await proven(bed, looped, (load) => loop.call('run', load));
        return { ...usage, ms: (usage.ms * file.size) / looped.size };
      },
      ...(rclone && { rclone: rclone.copy }),
    });
    rclone?.close();
    for (const [name, runs] of Object.entries(results)) say(`${name}: ${listed(file, runs)}`);
    return figures(file, results);
  } finally {
    await Promise.all([...Object.values(children), ...senders].map((child) => child.close()));
    await bed.close();
  }
}

async function proven(bed: Bed, file: SourceFile, run: (load: Load) => Promise<Usage>): Promise<Usage> {
  const load = await bed.show(file);
  const usage = await run(load);
  await bed.prove(load, file);
  return usage;
}

/** Each sends an object of its own; the time is that of one object at the rate of all together. */
async function atOnce(bed: Bed, file: SourceFile, senders: readonly Child<RawContender>[]): Promise<Usage> {
  const loads = await Promise.all(senders.map(() => bed.show(file)));
  const usage = await usageOf(() =>
    Promise.all(senders.map((sender, index) => sender.call('run', loads[index] ?? { key: '', size: 0 }))),
  );
  for (const load of loads) await bed.prove(load, file);
  return { ...usage, ms: usage.ms / senders.length };
}

function figures(file: SourceFile, results: Record<string, Usage[]>): (Figure | Note)[] {
  const rates = Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [name, runs.map(rateOf(file))]),
  );
  const { relay = [], raw = [], limit = [], loop = [], rclone } = rates;
  const cpu = median((results.relay ?? []).map(({ cpuMs }) => cpuMs)) / (file.size / 2 ** 30) / 1_000;
  const rows: Figure[] = [
    { point: POINT, what: `relay, ${file.size / MIB} MiB`, value: median(relay), unit: 'MiB/s' },
    { point: POINT, what: 'relay, CPU', value: cpu, unit: 's/GiB' },
    { point: POINT, what: '(a) raw POSTs with MD5 on both sides', value: median(raw), unit: 'MiB/s' },
    {
      point: POINT,
      what: 'the endpoint: two raw senders at once, no MD5',
      value: median(limit),
      unit: 'MiB/s',
    },
    { point: POINT, what: '(b) plain loop', value: median(loop), unit: 'MiB/s' },
    { point: POINT, what: 'relay : (a)', value: median(pairs(relay, raw)), unit: '', goal: { atLeast: 0.9 } },
    {
      point: POINT,
      what: 'relay : what the endpoint takes',
      value: median(pairs(relay, limit)),
      unit: '',
      goal: { atLeast: 0.9 },
    },
    { point: POINT, what: 'relay : (b)', value: median(pairs(relay, loop)), unit: '', goal: { atLeast: 3 } },
  ];
  if (!rclone)
    return [...rows, { point: POINT, note: 'rclone is not installed here: yardstick (c) was skipped' }];
  return [
    ...rows,
    { point: POINT, what: '(c) rclone, folder to WebDAV', value: median(rclone), unit: 'MiB/s' },
    {
      point: POINT,
      what: 'relay : (c)',
      value: median(pairs(relay, rclone)),
      unit: '',
      goal: { atLeast: 1 },
    },
  ];
}

/** Runs of the same round met the same machine. */
const pairs = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((rate, index) => rate / (theirs[index] ?? Number.NaN));

const rateOf =
  ({ size }: SourceFile) =>
  ({ ms }: Usage): number =>
    size / MIB / (ms / 1_000);

const listed = (file: SourceFile, runs: readonly Usage[]): string =>
  `${runs.map(rateOf(file)).map(Math.round).join(' ')} MiB/s`;
