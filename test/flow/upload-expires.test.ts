import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { handler } from '../../functions/expire-uploads.ts';
import { localContext } from '../../local/stack/machine.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { withServices } from '../../shared/wiring/wiring.ts';
import { type ApiBed, apiBed, MIB } from '../kit/api-bed.ts';

const HOUR = 3_600_000;
const slice = randomBytes(MIB);
let bed: ApiBed;
let now = Date.parse('2026-11-01T00:00:00Z');
let writes: string[] = [];
let reads: string[] = [];
beforeAll(async () => {
  bed = await apiBed({ env: { UPLOAD_EXPIRES_HOURS: '24' }, wiring: { clock: () => now } });
  const { store } = bed.stack.services;
  const { get, replace } = store;
  Object.assign(store, {
    get: (id: string) => {
      reads.push(id);
      return get(id);
    },
    replace: (next: Parameters<typeof replace>[0]) => {
      writes.push(next.id);
      return replace(next);
    },
  });
});
afterAll(() => bed.close());

const expire = () =>
  withServices(bed.stack.services, () => handler({}, localContext('expire-uploads', 300_000)));
const open = async (path: string): Promise<string> => {
  const { body } = await bed.call('POST', '/transfers', { json: { target: { path }, size: 8 * MIB } });
  return body.id;
};
const stateOf = async (id: string): Promise<string> => (await bed.call('GET', `/transfers/${id}`)).body.state;
const put = (id: string, at: number) =>
  bed.call('PUT', `/transfers/${id}/slices/${at * MIB}`, { bytes: slice });

test('an upload that nobody touched is cancelled, and one that a client works on is not', async () => {
  const [left, sent, listed] = [await open('left'), await open('sent'), await open('listed')];
  await put(left, 0);
  for (let hours = 0; hours < 40; hours += 5) {
    now += 5 * HOUR;
    await put(sent, hours / 5);
    await bed.call('GET', `/transfers/${listed}/slices`);
    await expire();
  }

  const { body } = await bed.call('GET', `/transfers/${left}`);

  expect(body).toMatchObject({ state: 'cancelled', reason: { error: 'UploadExpired' } });
  expect(await bed.cos.unfinished('relay', 'left')).toBeUndefined();
  expect([await stateOf(sent), await stateOf(listed)]).toEqual(['sending', 'sending']);
  expect((await bed.call('POST', `/transfers/${sent}/finish`)).status).toBe(200);
});

test('its target is free, and the same request begins it again', async () => {
  const first = await open('again');
  now += 25.5 * HOUR;
  const ended = await expire();

  const second = await open('again');

  expect(ended.cancelled).toBeGreaterThanOrEqual(1);
  expect(second).toBe(first);
  expect(await stateOf(second)).toBe('sending');
});

test('it is not cancelled before its time', async () => {
  const early = await open('early');
  now += 23.9 * HOUR;
  const ended = await expire();

  expect(ended.left).toBe(0);
  expect(await stateOf(early)).toBe('sending');

  now += 48 * HOUR;
  await expire();
  expect(await stateOf(early)).toBe('cancelled');
});

test('a relay whose machine nobody lived to start is started within two hours, and not before', async () => {
  const { services, machine } = bed.stack;
  const source = {
    kind: 's3',
    bucket: 'source',
    key: 'gone',
    etag: 'e',
    size: MIB,
    lastModified: now,
  } as const;
  const to = destinationOf(services.config, 'gone');
  const relay = await registerTransfer(source, to, services, { restart: false });
  now += 0.9 * HOUR;
  const early = await expire();
  now += HOUR;

  const late = await expire();

  await machine.idle();
  expect([early.started, late.started]).toEqual([0, 1]);
  expect(await stateOf(relay.id)).toBe('failed'); // its object is gone: that is told now
});

test('being at work costs a write an hour, not one a slice', async () => {
  const id = await open('busy');
  now += 2 * HOUR;
  writes = [];

  await Promise.all(Array.from({ length: 8 }, (_, at) => put(id, at)));
  const atOnce = writes.filter((one) => one === id).length;
  for (let at = 0; at < 8; at += 1) await put(id, at);

  // each of the eight may have tried before the first was done; afterwards nobody does
  expect(atOnce).toBeGreaterThanOrEqual(1);
  expect(atOnce).toBeLessThanOrEqual(8);
  expect(writes.filter((one) => one === id)).toHaveLength(atOnce);
});

test('an upload is read once to be cancelled, by the schedule and by its client', async () => {
  const [left, given] = [await open('left-once'), await open('given-up')];
  reads = [];

  await bed.call('DELETE', `/transfers/${given}`);
  now += 25.5 * HOUR;
  await expire();

  expect(await stateOf(left)).toBe('cancelled');
  expect(reads.filter((id) => id === given)).toHaveLength(1);
  expect(reads.filter((id) => id === left)).toHaveLength(2); // the second is the look just above
});
