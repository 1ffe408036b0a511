import { hash, randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { openChild } from '../child.ts';
import type { FormReaders } from '../contenders/form-readers.ts';
import { alternate, type Figure, type How, MIB, median } from '../figures.ts';
import { msOf } from '../usage.ts';

const IN_FLIGHT = 4;

type Run = { readonly rate: number; readonly cpuPerGib: number };

/** Slices of 1 MiB through each reader of forms in turn, written to `file`. */
export async function readers(file: string, { quick, say }: How): Promise<Figure[]> {
  const mib = quick ? 128 : 512;
  const child = openChild<FormReaders>(new URL('../contenders/form-readers.ts', import.meta.url));
  const pool = new Pool(await child.call('open', { file }), { connections: IN_FLIGHT });
  const cpu = () => child.call('cpuMs', undefined as never);
  const run = (reader: string) => async (): Promise<Run> => {
    const before = await cpu();
    const ms = await msOf(() => postSlices(pool, reader, mib));
    return { rate: mib / (ms / 1_000), cpuPerGib: (((await cpu()) - before) / mib) * 1.024 };
  };
  try {
    const runs = await alternate(8, { own: run('own'), busboy: run('busboy') });
    const { own = [], busboy = [] } = runs;
    for (const [name, results] of Object.entries(runs))
      say(`${name}: ${results.map(({ rate }) => Math.round(rate)).join(' ')} MiB/s`);
    const ratios = own.map(({ rate }, round) => (busboy[round]?.rate ?? Number.NaN) / rate);
    return [
      row('slices of 1 MiB, our reader of forms', median(own.map(({ rate }) => rate)), 'MiB/s'),
      row('the same, endpoint CPU', median(own.map(({ cpuPerGib }) => cpuPerGib)), 's/GiB'),
      row('slices of 1 MiB, @fastify/busboy', median(busboy.map(({ rate }) => rate)), 'MiB/s'),
      row('the same, endpoint CPU', median(busboy.map(({ cpuPerGib }) => cpuPerGib)), 's/GiB'),
      row('@fastify/busboy : our reader', median(ratios), ''),
    ];
  } finally {
    await pool.close();
    await child.close();
  }
}

const BOUNDARY = 'endpoint-endpoint-endpoint';
const SLICE = randomBytes(MIB);
const BODY = Buffer.concat([
  Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="op"\r\n\r\nupload_slice_data\r\n--${BOUNDARY}\r\n` +
      'Content-Disposition: form-data; name="filecontent"\r\n\r\n',
  ),
  SLICE,
  Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
]);
const MD5 = hash('md5', SLICE);

async function postSlices(pool: Pool, reader: string, count: number): Promise<void> {
  let next = 0;
  const sender = async (_: unknown, connection: number) => {
    while (next < count) {
      next += 1;
      const { body } = await pool.request({
        method: 'POST',
        path: `/${reader}?at=${connection * MIB}`,
        headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: BODY,
      });
      if ((await body.text()) !== MD5) throw new Error(`${reader} read other bytes`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

const row = (what: string, value: number, unit: string): Figure => ({ point: 'endpoint', what, value, unit });
