import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Bed, makeSparseFile, openBed } from '../bed.ts';
import { bundled, makeBundles } from '../bundles.ts';
import { openChild } from '../child.ts';
import type { RelayContender } from '../contenders/relay.ts';
import type { Worker } from '../contenders/worker.ts';
import { type Figure, type How, type Measured, MIB } from '../figures.ts';
import { environmentOf } from '../place.ts';

const WORKER = new URL('../contenders/worker.ts', import.meta.url);
const POINT = 'memory';
/** The configuration's defaults. */
const [IN_FLIGHT, SLICE_MIB] = [32, 1];
const WORKER_MAX_MIB = IN_FLIGHT * SLICE_MIB * 2 + 120;
const RUNNER_MAX_MIB = 400;
/** As serverless.yml starts the worker, and package.json the runner. */
const NODE_FLAGS = ['--max-semi-space-size=4'];

/** The worker's bundle alone carries objects of three sizes; `npm start` carries one that is larger than its memory. */
export async function memory({ quick, say }: How): Promise<Measured> {
  const bed = await openBed();
  const figures: Figure[] = [];
  try {
    for (const sizeMib of quick ? [1_024] : [256, 1_024, 8_192]) {
      const peak = await workerPeak(bed, sizeMib * MIB);
      say(`worker, ${sizeMib} MiB: ${peak.toFixed(0)} MiB`);
      const what = `worker, ${sizeMib} MiB object, peak RSS`;
      figures.push({ point: POINT, what, value: peak, unit: 'MiB', goal: { atMost: WORKER_MAX_MIB } });
    }
    const sizeMib = quick ? 512 : 5_120;
    const peak = await runnerPeak(bed, sizeMib * MIB);
    if (peak === undefined)
      return [
        ...figures,
        { point: POINT, note: 'the runner is measured on Linux only: elsewhere /proc is missing' },
      ];
    say(`npm start, ${sizeMib} MiB: ${peak.toFixed(0)} MiB`);
    const what = `npm start, ${sizeMib} MiB file, peak RSS`;
    return [...figures, { point: POINT, what, value: peak, unit: 'MiB', goal: { atMost: RUNNER_MAX_MIB } }];
  } finally {
    await bed.close();
  }
}

async function workerPeak(bed: Bed, size: number): Promise<number> {
  const file = await makeSparseFile(bed.dir, size);
  const load = await bed.show(file);
  const relay = openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url));
  const worker = openChild<Worker>(await bundled(WORKER), NODE_FLAGS);
  const bundle = (await makeBundles()).find(({ name }) => name === 'upload-slices');
  if (!bundle) throw new Error('there is no bundle of upload-slices');
  try {
    await relay.call('open', { place: bed.place });
    const { transferId, windows } = await relay.call('begin', load);
    await worker.call('open', { bundle: pathToFileURL(bundle.path).href, env: environmentOf(bed.place) });
    for (const window of windows) await worker.call('carry', { transferId, window });
    await relay.call('end', { transferId });
    await bed.prove(load, file);
    return (await worker.call('rssMiB', undefined as never)).peak;
  } finally {
    await Promise.all([relay.close(), worker.close()]);
    await rm(file.path);
  }
}

/** What `npm start` holds at most, embedded S3, DynamoDB and COS included; it proves the SHA-1 itself. */
async function runnerPeak(bed: Bed, size: number): Promise<number | undefined> {
  const file = await makeSparseFile(bed.dir, size);
  const start = join(import.meta.dirname, '../../local/start/main.ts');
  const data = join(bed.dir, 'runner');
  const child = spawn(process.execPath, [...NODE_FLAGS, start, file.path, '--data', data, '--json'], {
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let peak: number | undefined;
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => ''); // not Linux, or it ended
    const highest = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1];
    if (highest !== undefined) peak = Number(highest) / 1_024;
  }, 50);
  const code = await ended;
  clearInterval(look);
  await Promise.all([rm(file.path), rm(data, { recursive: true, force: true })]);
  if (code !== 0) throw new Error(`npm start ended with ${code}`);
  return peak;
}
