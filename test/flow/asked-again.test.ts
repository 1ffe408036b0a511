import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { startApi } from '../../local/stack/api/server.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { claimsOf } from '../kit/access-table.ts';
import { apiBed, MIB, rawSend, TOKEN } from '../kit/api-bed.ts';

test('who was given no answer asks again and begins the transfer that was written down, also when an event relays the same object', async () => {
  const others = new Map([['token-a', claimsOf('a')]]);
  const bed = await apiBed({}, { others });
  const object = await bed.put('asked.bin', randomBytes(21 * MIB));
  const { services } = bed.stack;
  const dead = { ...services.machine, start: () => Promise.reject(new Error('Step Functions is away')) };
  const api = await startApi({ services: { ...services, machine: dead }, token: TOKEN, others });
  const pools = [new Pool(api.origin), new Pool(bed.origin)] as const;
  const [failing, working] = pools.map((pool) => rawSend(pool, { authorization: 'Bearer token-a' }));
  const json = { source: { bucket: SOURCE_BUCKET, key: 'asked.bin' } };
  const first = await failing?.('POST', '/transfers', { json });
  const written = (await bed.call('GET', '/transfers?state=opening')).body.transfers;
  bed.cos.inject(stall(1_000, 3_000, { op: 'upload_slice_data' }));
  await bed.stack.announce(object);
  const running = async () => (await bed.call('GET', '/transfers?state=sending')).body.transfers.length;
  await expect.poll(running).toBe(1);

  const again = await working?.('POST', '/transfers', { json });

  bed.cos.clearFaults();
  for (const pool of pools) await pool.destroy();
  await api.close();
  await bed.stack.machine.idle();
  await bed.close();
  expect([(first?.status ?? 0) >= 500, written.length, again?.status]).toEqual([true, 1, 202]);
  expect(again?.body.id).toBe(written[0].id);
});
