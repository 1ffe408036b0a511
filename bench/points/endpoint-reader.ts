import { hash, randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { openChild } from '../child.ts';
import type { FormReader } from '../contenders/form-reader.ts';
import { type Figure, type How, MIB, median } from '../figures.ts';
import { msOf } from '../usage.ts';

const IN_FLIGHT = 4;
const ROUNDS = 5;

/** Slices of 1 MiB through the endpoint's reader of forms, written to `file`. */
export async function reader(file: string, { quick, say }: How): Promise<Figure[]> {
  const mib = quick ? 128 : 512;
  const child = openChild<FormReader>(new URL('../contenders/form-reader.ts', import.meta.url));
  const pool = new Pool(await child.call('open', { file }), { connections: IN_FLIGHT });
  const cpu = () => child.call('cpuMs', undefined as never);
  const rates: number[] = [];
  const cpuPerGib: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = await cpu();
      const ms = await msOf(() => postSlices(pool, mib));
      rates.push(mib / (ms / 1_000));
      cpuPerGib.push((((await cpu()) - before) / mib) * 1.024);
    }
    say(`reader of forms: ${rates.map(Math.round).join(' ')} MiB/s`);
    return [
      row('slices of 1 MiB through its reader of forms', median(rates), 'MiB/s'),
      row('the same, endpoint CPU', median(cpuPerGib), 's/GiB'),
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

async function postSlices(pool: Pool, count: number): Promise<void> {
  let next = 0;
  const sender = async (_: unknown, connection: number) => {
    while (next < count) {
      next += 1;
      const { body } = await pool.request({
        method: 'POST',
        path: `/?at=${connection * MIB}`,
        headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: BODY,
      });
      if ((await body.text()) !== MD5) throw new Error('the reader of forms read other bytes');
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

const row = (what: string, value: number, unit: string): Figure => ({ point: 'endpoint', what, value, unit });
