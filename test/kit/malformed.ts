import { MIB, type Sent } from './api-bed.ts';

/** Not of zeros: as text those are six bytes each in JSON, and what is wrong with the request would be its size. */
const WHOLE_SLICE = Buffer.alloc(MIB / 2, 'x');

export type Malformed = Sent & { readonly method: string; readonly path: string };

/** Requests that no call can mean, always the same ones for the same seed. `id` is an open upload of 3 MiB in slices of half a MiB. */
export function malformedRequests(count: number, seed: number, id: string): Malformed[] {
  const random = mulberry32(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T; // never empty
  const text = (): string =>
    Array.from({ length: below(40) }, () =>
      String.fromCodePoint(pick([below(128), below(0x3000), 0x1f600 + below(60)])),
    ).join('');
  const anything = (): unknown =>
    pick<() => unknown>([
      () => text(),
      () => below(2 ** 31) - 2 ** 30,
      () => random() * 1e300,
      () => null,
      () => true,
      () => [],
      () => ({ [text()]: text() }),
      () => [[[{}]]],
      () => '../../etc/passwd',
      () => '{{7*7}}',
      () => "' OR 1=1 --",
      () => 'x'.repeat(below(3_000)),
      () => '__proto__',
    ])();
  const unknownId = (): string =>
    encodeURIComponent(pick([text(), '0'.repeat(40), id.slice(1), `${id}0`, '%', '..'])) || '-';

  const body = (): unknown => {
    const bad = anything();
    return pick<() => unknown>([
      () => bad,
      () => ({ source: bad }),
      () => ({ source: { bucket: 'source', key: pick(['../x', 'a/../b', 'nul\0', '', 'k'.repeat(2_000)]) } }),
      () => ({ source: { bucket: bad, key: 'k' } }),
      () => ({ source: { bucket: 'source', key: `missing/${below(1e9)}` } }),
      () => ({ source: { bucket: 'elsewhere', key: 'k' } }),
      () => ({
        source: { bucket: 'source', key: 'k' },
        target: { path: pick(['/a', 'a//b', 'a/', '..', '\u007f']) },
      }),
      () => ({ source: { bucket: 'source', key: 'k' }, options: { [text() || 'x']: bad } }),
      () => ({ target: { path: 'fine' }, size: pick([0, -1, 1.5, '7', null, 1e300, 2 ** 53]) }),
      () => ({ target: { path: 'fine' }, size: 5, sliceSize: below(500_000) }),
      () => ({ target: { path: 'fine' }, size: 5, sha1: text() }),
      () => ({ target: { path: 'fine', bucket: 'not-allowed' }, size: 5 }),
      () => ({ target: { path: 'fine' }, size: 5, [`${text()}!`]: 1 }),
      () => JSON.parse('{"__proto__":{"size":5},"target":{"path":"fine"},"constructor":1}'),
    ])();
  };
  const slicePath = (): string =>
    `/transfers/${id}/slices/${pick(['-1', '1', '1e3', '0x0', '%00', ' 0', String(below(MIB - 1) + 1), String(3 * MIB), '9'.repeat(30), 'NaN'].map(encodeURIComponent))}`;

  const request = (): Malformed =>
    pick<() => Malformed>([
      () => ({ method: 'POST', path: '/transfers', json: body() ?? null }),
      () => ({ method: 'POST', path: '/transfers', json: body() ?? null }),
      () => ({
        method: 'POST',
        path: '/transfers',
        bytes: Buffer.from(`{${text()}`),
        headers: { 'content-type': 'application/json' },
      }),
      () => ({
        method: 'POST',
        path: '/transfers',
        bytes: Buffer.from(text()),
        headers: { 'content-type': pick(['text/plain', 'application/xml', 'x']) },
      }),
      () => ({ method: 'POST', path: '/transfers', json: { pad: 'x'.repeat(66_000 + below(9_000)) } }),
      () => ({
        method: 'POST',
        path: '/transfers',
        json: { target: { path: 'fine' }, size: 5 },
        headers: { 'idempotency-key': pick(['', 'k'.repeat(300), 'k\u00e9']) },
      }),
      () => ({
        method: 'GET',
        path: `/transfers?${pick(['limit', 'state', 'cursor'])}=${encodeURIComponent(`${text()}!`)}`,
      }),
      () => ({ method: pick(['GET', 'DELETE']), path: `/transfers/${unknownId()}` }),
      () => ({ method: 'DELETE', path: `/transfers/${id}?keepUpload=${pick(['yes', '1', ''])}` }),
      () => ({ method: 'GET', path: `/transfers/${unknownId()}/slices` }),
      () => ({
        method: 'GET',
        path: `/transfers/${id}/slices?${pick(['from', 'limit'])}=${pick(['-1', 'x', '1.5', '9'.repeat(20), ''])}`,
      }),
      () => ({ method: 'POST', path: `/transfers/${unknownId()}/finish` }),
      () => ({ method: 'POST', path: `/transfers/${id}/finish` }), // nothing was sent yet
      () => ({ method: 'PUT', path: slicePath(), bytes: Buffer.alloc(below(5_000)) }),
      () => ({ method: 'PUT', path: `/transfers/${id}/slices/0`, bytes: Buffer.alloc(below(65_536)) }),
      () => ({
        method: 'PUT',
        path: `/transfers/${id}/slices/0`,
        bytes: WHOLE_SLICE,
        headers: {
          [pick(['content-md5', 'digest', 'content-digest'])]: pick([
            'x',
            '=',
            'md5=',
            'sha-256=:!:',
            `${'A'.repeat(22)}==`.replace('A', '='),
          ]),
        },
      }),
      () => ({
        method: 'PUT',
        path: `/transfers/${id}/slices/0`,
        bytes: WHOLE_SLICE,
        headers: { 'content-type': pick(['text/html', 'application/json', 'multipart/form-data']) },
      }),
      () => ({
        method: pick(['PATCH', 'PUT', 'TRACE', 'OPTIONS', 'PROPFIND']),
        path: pick(['/transfers', '/openapi.json', `/transfers/${id}`]),
      }),
      () => ({
        method: pick(['GET', 'POST', 'DELETE']),
        path: `/${encodeURIComponent(text())}/${encodeURIComponent(text())}`,
      }),
      () => ({ method: 'GET', path: `/transfers/${pick(['%', '%zz', '%ff%fe', '%2e%2e', '%00'])}` }),
    ])();

  return Array.from({ length: count }, request);
}

/** A small generator of numbers from 0 to 1 that a seed repeats. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
