import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entryBytes } from '../../local/cos/disk/journal.ts';
import type { CosTarget } from '../../shared/cos/target.ts';
import { scratchDir } from '../bed.ts';
import { type Child, openChild } from '../child.ts';
import { openCos } from '../cos-of.ts';
import type { Endpoints } from '../endpoints.ts';
import { type Figure, type How, type Measured, MIB, median } from '../figures.ts';
import { targetOf } from '../place.ts';
import { msOf } from '../usage.ts';
import { reader } from './endpoint-reader.ts';

const POINT = 'endpoint';
const LARGEST_BYTES = 64 * 1_024 * MIB;
const CLIENTS = 200;
const TARGET: CosTarget = targetOf({ key: 'largest.bin' });
const patience = () => AbortSignal.timeout(120_000);

/** What the COS endpoint alone can bear: the list of the largest file, many clients at once, slices through its reader of forms. */
export async function endpoint({ quick, say }: How): Promise<Measured> {
  const dir = await scratchDir();
  try {
    const lists = await listTimes(join(dir, 'list'), quick ? 2 : 5);
    say(`first lists: ${lists.first.map(Math.round).join(' ')} ms`);
    const peak = await peakOfMany(join(dir, 'many'), quick ? 2 : 5);
    say(`${CLIENTS} clients: ${peak.many.toFixed(0)} MiB at most, ${peak.idle.toFixed(0)} before`);
    return [
      row('list of 131,072 slices, the first after a start', median(lists.first), 'ms', { atMost: 1_000 }),
      row('the same, endpoint CPU', median(lists.firstCpu), 'ms'),
      row('list of 131,072 slices, the second', median(lists.later), 'ms'),
      row(`${CLIENTS} clients send 3 MiB each at once, 64 GiB file, peak RSS`, peak.many, 'MiB'),
      row('the same before the first slice', peak.idle, 'MiB'),
      ...(await reader(join(dir, 'slices'), { quick, say })),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const row = (what: string, value: number, unit: string, goal?: Figure['goal']): Figure => ({
  point: POINT,
  what,
  value,
  unit,
  ...(goal && { goal }),
});

/** An endpoint over `dataDir`, in a process of its own. */
async function withEndpoint<T>(
  dataDir: string,
  work: (origin: string, child: Child<Endpoints>) => Promise<T>,
): Promise<T> {
  const child = openChild<Endpoints>(new URL('../endpoints.ts', import.meta.url));
  try {
    return await work(await child.call('cos', { dataDir }), child);
  } finally {
    await child.close();
  }
}

async function openLargest(origin: string, sliceSize: number): Promise<string> {
  const cos = openCos(origin);
  const opened = await cos.open(TARGET, { size: LARGEST_BYTES, sliceSize, insertOnly: true }, patience());
  await cos.close();
  if (opened.kind !== 'session') throw new Error(`COS answered ${opened.kind}`);
  return opened.session;
}

/** Each round is a start of its own, so that each has a first list; the slices come into the journal in no order. */
async function listTimes(dataDir: string, rounds: number) {
  const sliceSize = MIB / 2;
  const session = await withEndpoint(dataDir, (origin) => openLargest(origin, sliceSize));
  const count = LARGEST_BYTES / sliceSize;
  const entries = Array.from({ length: count }, (_, index) =>
    entryBytes({ offset: ((index * 40_503) % count) * sliceSize, length: sliceSize, spare: 0 }),
  );
  await writeFile(join(dataDir, 'journals', session), Buffer.concat(entries));
  const times = { first: [] as number[], firstCpu: [] as number[], later: [] as number[] };
  for (let round = 0; round < rounds; round += 1)
    await withEndpoint(dataDir, async (origin, child) => {
      const cos = openCos(origin);
      const before = await child.call('cpuMs', undefined as never);
      times.first.push(await msOf(() => listed(cos, count)));
      times.firstCpu.push((await child.call('cpuMs', undefined as never)) - before);
      times.later.push(await msOf(() => listed(cos, count)));
      await cos.close();
    });
  return times;
}

async function listed(cos: ReturnType<typeof openCos>, count: number): Promise<void> {
  const list = await cos.list(TARGET, patience());
  if (list.kind !== 'unfinished' || list.held.length !== count) throw new Error('the list is not whole');
}

/** Every client sends its slices of one sparse file one after the other; what the endpoint holds at most, in MiB. */
async function peakOfMany(dataDir: string, slicesEach: number): Promise<{ many: number; idle: number }> {
  return withEndpoint(dataDir, async (origin, child) => {
    const sliceSize = 3 * MIB;
    const session = await openLargest(origin, sliceSize);
    const content = randomBytes(sliceSize);
    const idle = await child.call('peakMiB', undefined as never);
    const client = async (_: unknown, index: number) => {
      const cos = openCos(origin);
      for (let turn = 0; turn < slicesEach; turn += 1)
        await cos.put(
          TARGET,
          { session, offset: ((turn * CLIENTS + index) * 97 * sliceSize) % (21_000 * sliceSize), content },
          patience(),
        );
      await cos.close();
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return { many: await child.call('peakMiB', undefined as never), idle };
  });
}
