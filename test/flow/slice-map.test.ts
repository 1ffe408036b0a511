import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import type { MapView } from '../../shared/api/map-schemas.ts';
import type { TransferView } from '../../shared/api/views.ts';
import { type ApiBed, apiBed, MIB } from '../kit/api-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';

let bed: ApiBed | undefined;
afterEach(() => bed?.close());

const SIZE = 24 * MIB;
const ENV = { SMALL_OBJECT_MAX: '0', WINDOW_BYTES: String(8 * MIB), PROGRESS_MS: '50' };

const mapOf = async (id: string, tag?: string) => {
  const headers = tag === undefined ? {} : { 'if-none-match': tag };
  return bed?.call('GET', `/transfers/${id}/map`, { headers });
};

/** Offsets of whole slices within the ranges. */
const slicesIn = (ranges: readonly (readonly number[])[]): number[] =>
  ranges.flatMap(([offset = 0, length = 0]) =>
    Array.from({ length: Math.ceil(length / MIB) }, (_, at) => offset / MIB + at),
  );

async function start(key: string): Promise<string> {
  await bed?.put(key, bytesOf(key, SIZE));
  const answer = await bed?.call('POST', '/transfers', { json: { source: { bucket: 'source', key } } });
  const body = answer?.body as TransferView | undefined; // the answer's schema is checked by the API's own suite
  if (!body) throw new Error('there is no API to start it');
  return body.id;
}

test('the map names each slice of a stored file once, by the call that sent it', async () => {
  bed = await apiBed({ env: ENV });
  const id = await start('film.bin');
  await bed.stack.machine.idle();

  const answer = await mapOf(id);

  const map = answer?.body as MapView;
  expect(map.state).toBe('stored');
  expect(slicesIn(map.calls.flatMap(({ confirmed }) => confirmed)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 24 }, (_, at) => at),
  );
  for (const { span = [0, 0], confirmed, began, at } of map.calls) {
    expect(began).toBeLessThanOrEqual(at);
    for (const [offset = 0, length = 0] of confirmed) {
      const [from = 0, run = 0] = span;
      expect(offset).toBeGreaterThanOrEqual(from);
      expect(offset + length).toBeLessThanOrEqual(from + run);
    }
  }
});

test('whoever has the map is told with 304 that nothing changed, and gets the new one when it did', async () => {
  bed = await apiBed({ env: ENV });
  const id = await start('same.bin');
  await bed.stack.machine.idle();
  const first = await mapOf(id);
  const tag = first?.headers.etag ?? '';

  const again = await mapOf(id, tag);
  const other = await mapOf(id, `"${randomUUID()}"`);

  expect([again?.status, again?.body, again?.headers.etag]).toEqual([304, undefined, tag]);
  expect([other?.status, other?.body]).toEqual([200, first?.body]);
});

test('a window shows its slices while it is under way, in one row that grows', async () => {
  bed = await apiBed({
    env: { ...ENV, MAX_CONCURRENCY: '1', MAX_IN_FLIGHT: '1', WINDOW_BYTES: String(24 * MIB) },
    cos: { faults: [stall(1_000, 60, { op: 'upload_slice_data' })] },
  });
  const id = await start('slow.bin');

  const seen: number[] = [];
  for (;;) {
    const map = (await mapOf(id))?.body as MapView;
    seen.push(slicesIn(map.calls.flatMap(({ confirmed }) => confirmed)).length);
    expect(map.calls.length).toBeLessThanOrEqual(2); // a window of a later round at most
    if (map.state !== 'opening' && map.state !== 'sending') break;
  }

  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.filter((count) => count > 0 && count < 24).length).toBeGreaterThan(0);
  expect(seen.at(-1)).toBe(24);
});
