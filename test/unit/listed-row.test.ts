import { expect, test } from 'vitest';
import { openCursor, sealCursor } from '../../shared/api/page-cursor.ts';
import { keysOf, listedAs } from '../../shared/records/listed-row.ts';
import { newTransfer, TRANSFER_STATES, toEnded } from '../../shared/records/transfer.ts';
import { OPTIONS, targetOf } from '../kit/relay-bed.ts';

test('of 10,000 transfers of one state no key of the index takes more than an eighth', () => {
  const counts = new Map<string, number>();
  for (let index = 0; index < 10_000; index += 1) {
    const source = {
      kind: 's3',
      bucket: 'b',
      key: `k${index}`,
      etag: 'e',
      size: 5,
      lastModified: 0,
    } as const;
    const key = listedAs(
      toEnded(newTransfer(source, targetOf(source.key), OPTIONS, 0), 'failed', { error: 'E', message: 'm' }),
    );
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  expect([...counts.keys()].sort()).toEqual(keysOf('failed'));
  expect(Math.max(...counts.values())).toBeLessThan(10_000 / 8);
  expect(new Set(TRANSFER_STATES.flatMap(keysOf)).size).toBe(16 * TRANSFER_STATES.length);
});

test('a cursor opens for its own query only, and shows nothing of where it stands', () => {
  const cursor = sealCursor('000000000001000#abc', ['a', 'failed'], 'seal');

  expect(openCursor(cursor, ['a', 'failed'], 'seal')).toBe('000000000001000#abc');
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('abc');
  for (const [text, query, seal] of [
    [cursor, ['b', 'failed'], 'seal'],
    [cursor, ['a', 'stored'], 'seal'],
    [cursor, ['a', 'failed'], 'other'],
    [`A${cursor.slice(1)}`, ['a', 'failed'], 'seal'],
    ['', ['a', 'failed'], 'seal'],
    ['bm90b3Vycw', ['a', 'failed'], 'seal'],
  ] as const)
    expect(() => openCursor(text, query, seal)).toThrow('query.cursor');
});
