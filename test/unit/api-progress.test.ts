import { expect, test } from 'vitest';
import { progressOf } from '../../shared/api/get-transfer.ts';
import { newTransfer, toSending } from '../../shared/records/transfer.ts';
import { OPTIONS } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const target = { region: 'gz', appId: '1', bucket: 'b', path: 'p' };
const source = { kind: 'client', key: 'k', size: 100 * MIB } as const;
const sending = toSending(
  newTransfer(source, target, OPTIONS, 0),
  { session: 's', sliceSize: MIB, serial: false },
  1_000,
);
const confirmed = (at: number, offset: number, length: number, session = 's') => ({
  session,
  attempt: 1,
  confirmed: [{ offset: offset * MIB, length: length * MIB }],
  sentSlices: length,
  resentSlices: 0,
  sentBytes: length * MIB,
  md5Verified: length,
  at,
});

test('what was listed and what was confirmed since add up, a slice sent twice counts once', () => {
  const listed = { ...sending, heldBytes: 10 * MIB };
  const windows = [confirmed(900, 0, 10), confirmed(2_000, 10, 5), confirmed(3_000, 12, 5)];

  const progress = progressOf(listed, windows, 11_000);

  expect(progress.heldBytes).toBe(17 * MIB);
  expect(progress.bytesPerSecond).toBe(Math.floor((7 * MIB) / 10));
  expect(progress.secondsLeft).toBe(Math.ceil((83 * MIB) / (progress.bytesPerSecond ?? 0)));
});

test('what went into another session does not count', () => {
  expect(progressOf(sending, [confirmed(2_000, 0, 50, 'lost')], 3_000)).toEqual({ heldBytes: 0 });
});

test('the rate is that of the last five minutes; without one there is no guess', () => {
  const hour = 3_600_000;
  const windows = [confirmed(2_000, 0, 50), confirmed(hour, 50, 3)];

  expect(progressOf(sending, windows, hour + 1).bytesPerSecond).toBe(Math.floor((3 * MIB) / 300));
  expect(progressOf(sending, windows, hour + 400_000)).toEqual({ heldBytes: 53 * MIB });
});
