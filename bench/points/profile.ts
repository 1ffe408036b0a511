import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { makeFile, openBed } from '../bed.ts';
import { bundled, makeBundles } from '../bundles.ts';
import { openChild } from '../child.ts';
import type { RelayContender } from '../contenders/relay.ts';
import type { Worker } from '../contenders/worker.ts';
import { type How, type Measured, MIB } from '../figures.ts';
import { environmentOf } from '../place.ts';

const WORKER = new URL('../contenders/worker.ts', import.meta.url);
const POINT = 'profile';
const SHOWN = 14;

/** Where the CPU time of the deployed worker goes: the functions that take most of it themselves. */
export async function profile({ quick }: How): Promise<Measured> {
  const dir = await mkdtemp(join(tmpdir(), 'relay-profile-'));
  const bed = await openBed();
  const relay = openChild<RelayContender>(new URL('../contenders/relay.ts', import.meta.url));
  const worker = openChild<Worker>(await bundled(WORKER), ['--cpu-prof', `--cpu-prof-dir=${dir}`]);
  try {
    const file = await makeFile(bed.dir, (quick ? 256 : 1_024) * MIB);
    const load = await bed.show(file);
    const bundle = (await makeBundles('plain')).find(({ name }) => name === 'upload-slices');
    await relay.call('open', { place: bed.place });
    const { transferId, windows } = await relay.call('begin', load);
    await worker.call('open', {
      bundle: pathToFileURL(bundle?.path ?? '').href,
      env: environmentOf(bed.place),
    });
    for (const window of windows) await worker.call('carry', { transferId, window });
    await relay.call('end', { transferId });
    await bed.prove(load, file);
    await worker.close(); // it writes the profile when it ends
    const [written = ''] = await readdir(dir);
    const shares = sharesOf(read.parse(JSON.parse(await readFile(join(dir, written), 'utf8'))));
    return shares
      .slice(0, SHOWN)
      .map(([what, share]) => ({ point: POINT, what, value: share * 100, unit: '%' }));
  } finally {
    await Promise.all([relay.close(), worker.close()]);
    await bed.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const read = z.object({
  nodes: z.array(
    z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Each function's own share of the time in which anything ran. */
function sharesOf({ nodes, samples, timeDeltas }: z.infer<typeof read>): [string, number][] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.split('/').at(-1) ?? ''}`.trim(),
    ]),
  );
  const own = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    const delta = timeDeltas[index] ?? 0;
    if (name === '(idle)') continue;
    own.set(name, (own.get(name) ?? 0) + delta);
    busy += delta;
  }
  return [...own].map(([name, time]): [string, number] => [name, time / busy]).sort(([, a], [, b]) => b - a);
}
