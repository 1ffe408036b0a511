import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Receipt } from '../../shared/records/receipt.ts';
import {
  isActive,
  newTransfer,
  transfer as schema,
  sessionSha,
  type Transfer,
  toAttempted,
  toEnded,
  toListed,
  toRestarted,
  toSending,
  toStored,
  transferId,
} from '../../shared/records/transfer.ts';
import { OPTIONS, targetOf } from '../kit/relay-bed.ts';

const SOURCE = {
  kind: 's3',
  bucket: 'b',
  key: 'k',
  etag: 'e',
  size: 5,
  lastModified: 7,
  sha1: 'f'.repeat(40),
} as const;
const FRESH = newTransfer(SOURCE, targetOf('k'), OPTIONS, 1);
const RECEIPT: Receipt = {
  transferId: FRESH.id,
  how: 'sent',
  source: SOURCE,
  target: FRESH.target,
  slices: { total: 1, sent: 1, alreadyHeld: 0, resent: 0, md5Verified: 1 },
  bytes: { total: 5, sent: 5 },
  verified: { size: 5 },
  requestIds: { stat: 'r' },
  startedAt: 1,
  storedAt: 2,
  attempts: 1,
};
const WHY = { error: 'E', message: 'm' };

/** Every step a transfer can take, where it may be taken at all. */
const STEPS: Readonly<Record<string, (from: Transfer) => Transfer>> = {
  attempt: (from) => (isActive(from) ? toAttempted(from) : from),
  send: (from) => (isActive(from) ? toSending(from, { session: 's', sliceSize: 1, serial: false }, 2) : from),
  list: (from) => (from.state === 'sending' ? toListed(from, { heldBytes: 3 }, 2) : from),
  store: (from) => (isActive(from) ? toStored(from, RECEIPT) : from),
  fail: (from) => (isActive(from) ? toEnded(from, 'failed', WHY) : from),
  cancel: (from) => (isActive(from) ? toEnded(from, 'cancelled', WHY) : from),
  supersede: (from) => (isActive(from) ? toEnded(from, 'superseded', WHY) : from),
  restart: (from) => (from.state === 'failed' || from.state === 'cancelled' ? toRestarted(from) : from),
};
const paths = fc.array(fc.constantFrom(...Object.keys(STEPS)), { maxLength: 30 });

/** Looks at each step of any path from a fresh transfer on. */
const onEveryPath = (look: (from: Transfer, to: Transfer) => void) =>
  fc.assert(
    fc.property(paths, (path) => {
      let at: Transfer = FRESH;
      for (const step of path) {
        const next: Transfer = STEPS[step]?.(at) ?? at;
        look(at, next);
        at = next;
      }
    }),
  );

test('a stored transfer stays stored, whatever happens afterwards', () => {
  onEveryPath((from, to) => {
    if (from.state === 'stored') expect(to).toBe(from);
  });
});

test('each step keeps who it is and which revision it stands on, and can be read back', () => {
  onEveryPath((from, to) => {
    expect([to.revision, to.updatedAt]).toEqual([from.revision, from.updatedAt]); // raised by who writes it
    expect([to.id, to.source, to.target]).toEqual([FRESH.id, FRESH.source, FRESH.target]);
    expect(schema.parse(to)).toEqual(to);
  });
});

test('a repeated event names the same transfer, another version or target another one', () => {
  const id = (source = {}, path = 'k') => transferId({ ...SOURCE, ...source }, targetOf(path));

  expect(id()).toBe(FRESH.id);
  expect(
    new Set([id(), id({ etag: 'other' }), id({ key: 'x' }), id({}, 'elsewhere'), id({ lastModified: 8 })])
      .size,
  ).toBe(5);
  expect(id({ versionId: 'v', etag: 'a' })).toBe(id({ versionId: 'v', etag: 'b' })); // a version has one content
});

test.each([
  ['md5', undefined, {}],
  ['md5', true, { sha1: SOURCE.sha1 }], // taken over from an upload that carried it
  ['sha1', undefined, { sha1: SOURCE.sha1 }],
  ['sha1', false, {}],
] as const)('under integrity=%s a session opened with sha=%s is sent %j', (integrity, withSha, expected) => {
  const from = { ...FRESH, options: { ...OPTIONS, integrity } };
  const facts = { session: 's', sliceSize: 1, serial: false, ...(withSha !== undefined && { withSha }) };

  expect(sessionSha(toSending(from, facts, 2))).toEqual(expected);
});
