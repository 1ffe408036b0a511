import { pathToFileURL } from 'node:url';
import { loadConfig } from '../../shared/config.ts';
import { type Bed, makeFile, openBed, type SourceFile } from '../bed.ts';
import { bundled, makeBundles } from '../bundles.ts';
import { openChild } from '../child.ts';
import type { FloorContender } from '../contenders/floor.ts';
import type { RelayContender } from '../contenders/relay.ts';
import type { Worker } from '../contenders/worker.ts';
import { alternate, type Figure, type How, type Measured, MIB, median } from '../figures.ts';
import { environmentOf } from '../place.ts';
import type { Usage } from '../usage.ts';

const POINT = 'worker';
/** A small object pays for the start of each window with fewer bytes. */
const GOALS = [
  { mib: 256, atMost: 1.5 },
  { mib: 1_024, atMost: 1.25 },
];

/** The CPU time of the deployed worker against its floor: the same ranges read and hashed, nothing sent. */
export async function worker({ quick, say }: How): Promise<Measured> {
  const bed = await openBed();
  const children = {
    relay: openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url)),
    floor: openChild<FloorContender>(new URL('../contenders/floor.ts', import.meta.url)),
    worker: openChild<Worker>(await bundled(new URL('../contenders/worker.ts', import.meta.url))),
  };
  try {
    const bundle = (await makeBundles()).find(({ name }) => name === 'upload-slices');
    if (!bundle) throw new Error('there is no bundle of upload-slices');
    const env = environmentOf(bed.place);
    await children.relay.call('open', { place: bed.place });
    await children.floor.call('open', bed.place);
    await children.worker.call('open', { bundle: pathToFileURL(bundle.path).href, env });
    const figures: Figure[] = [];
    for (const { mib, atMost } of quick ? GOALS.slice(0, 1) : GOALS) {
      const file = await makeFile(bed.dir, mib * MIB);
      const ratios = await ratiosOf(bed, file, children, quick ? 3 : 5);
      say(`${mib} MiB, worker and floor: ${ratios.map(({ said }) => said).join(', ')} s/GiB`);
      const what = `${mib} MiB, CPU of the worker : reading and MD5 alone`;
      const value = median(ratios.map(({ ratio }) => ratio));
      figures.push({ point: POINT, what, value, unit: '', goal: { atMost } });
    }
    return figures;
  } finally {
    await Promise.all(Object.values(children).map((child) => child.close()));
    await bed.close();
  }
}

type Children = {
  readonly relay: ReturnType<typeof openChild<RelayContender>>;
  readonly floor: ReturnType<typeof openChild<FloorContender>>;
  readonly worker: ReturnType<typeof openChild<Worker>>;
};

async function ratiosOf(bed: Bed, file: SourceFile, { relay, floor, worker }: Children, rounds: number) {
  const {
    SLICE_SIZE: sliceSize,
    READ_BYTES: readBytes,
    READERS: readers,
  } = loadConfig(environmentOf(bed.place));
  let [load, transferId] = [await bed.show(file), ''];
  let windows: Awaited<ReturnType<typeof begin>>['windows'] = [];
  const begin = async () => relay.call('begin', load);
  const results = await alternate<Usage>(rounds, {
    worker: async () => {
      load = await bed.show(file);
      ({ transferId, windows } = await begin());
      const usage = await worker.call('carryAll', { transferId, windows });
      await relay.call('end', { transferId });
      return usage;
    },
    floor: async () => {
      const usage = await floor.call('run', { load, windows, sliceSize, readBytes, readers });
      await bed.prove(load, file);
      return usage;
    },
  });
  const perGib = ({ cpuMs }: Usage) => cpuMs / 1_000 / (file.size / 2 ** 30);
  return (results.worker ?? []).map((ours, index) => {
    const least = results.floor?.[index] ?? { ms: Number.NaN, cpuMs: Number.NaN };
    const said = `${perGib(ours).toFixed(2)} and ${perGib(least).toFixed(2)}`;
    return { ratio: ours.cpuMs / least.cpuMs, said };
  });
}
