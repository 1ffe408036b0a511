import { expect, test } from 'vitest';
import type { WindowRecord } from '../../shared/records/store.ts';
import type { Target, Upload } from '../../shared/records/target-record.ts';
import { newTransfer, toSending } from '../../shared/records/transfer.ts';
import { heldSlices } from '../../shared/relay/held-slices.ts';
import { planSlices } from '../../shared/slices/slices.ts';
import { whoseUpload } from '../../shared/target/recognise.ts';
import { OPTIONS, SLICE, targetOf } from '../kit/relay-bed.ts';

const SIZE = 3 * SLICE;
const SHA = 'a'.repeat(40);
const SLICED = { ...OPTIONS, sliceSize: SLICE };
const SOURCE = {
  kind: 's3',
  bucket: 'b',
  key: 'k',
  etag: 'e',
  size: SIZE,
  lastModified: 0,
  sha1: SHA,
} as const;
const OURS = newTransfer(SOURCE, targetOf('k'), SLICED, 1);

const listed = (more = {}) => ({
  kind: 'unfinished' as const,
  session: 'S',
  size: SIZE,
  sliceSize: SLICE,
  held: [{ offset: 0, length: SLICE }],
  ...more,
});
const target = (upload?: Upload, more: Partial<Target> = {}): Target => ({
  name: 't',
  owner: { transferId: OURS.id, sourceName: 's3:b/k' },
  active: true,
  orphans: [],
  revision: 1,
  ...(upload && { upload }),
  ...more,
});
const facts = { transferId: OURS.id, size: SIZE, overwrite: false, restarted: false };
const open = (session: string, more: Partial<typeof facts> = {}): Upload => ({
  state: 'open',
  session,
  openedAt: 1,
  ...facts,
  ...more,
});
const opening = (session?: string): Upload => ({
  state: 'opening',
  inits: [1],
  ...facts,
  ...(session !== undefined && { before: { state: 'open', session, openedAt: 1 } }),
});
const empty = { held: [] };

test.each([
  ['nobody recorded anything', listed(), undefined, 'foreign'],
  ['it is recorded for this version', listed(), target(open('S')), 'ours'],
  ['another session is recorded', listed(), target(open('T')), 'foreign'],
  ['it is recorded for another version', listed(), target(open('S', { transferId: 'other' })), 'left-over'],
  ['it is recorded, but of another size', listed({ size: SIZE - 1 }), target(open('S')), 'left-over'],
  ['it is recorded, but cut as COS never cuts', listed({ sliceSize: 1_000 }), target(open('S')), 'left-over'],
  ['it carries our sha', listed({ sha1: SHA }), undefined, 'ours'],
  ['it carries our sha, but another size', listed({ sha1: SHA, size: 1 }), undefined, 'foreign'],
  ['it carries another sha', listed({ sha1: 'b'.repeat(40) }), undefined, 'foreign'],
  ['we meant to open one, and it is empty', listed(empty), target(opening()), 'unrecorded'],
  ['we meant to open one, but it holds slices', listed(), target(opening()), 'foreign'],
  ['we meant to open another after one that is recorded', listed(empty), target(opening('T')), 'unrecorded'],
  ['one is recorded and no other was meant', listed(empty), target(open('T')), 'foreign'],
  [
    'it is an orphaned session of ours',
    listed(),
    target(undefined, { orphans: [{ session: 'S', size: SIZE }] }),
    'left-over',
  ],
  [
    'an orphaned session of its size has no name',
    listed(empty),
    target(undefined, { orphans: [{ size: SIZE }] }),
    'left-over',
  ],
] as const)('an upload is judged when %s', (_, upload, known, expected) => {
  expect(whoseUpload(upload, OURS, known)).toBe(expected);
});

test('a session we send to that suddenly lists another slice size is not ours any more', () => {
  const sending = toSending(OURS, { session: 'S', sliceSize: SLICE, serial: false }, 2);

  expect(whoseUpload(listed({ sliceSize: 1_048_576 }), sending, target(open('S')))).toBe('left-over');
});

const [A, B, C] = planSlices(SIZE, SLICE) as [Slice3, Slice3, Slice3];
type Slice3 = { offset: number; length: number };
const window = (more: Partial<WindowRecord>): WindowRecord => ({
  session: 'S',
  attempt: 1,
  confirmed: [],
  sentSlices: 1,
  resentSlices: 0,
  sentBytes: 1,
  md5Verified: 1,
  at: 10,
  ...more,
});

test.each([
  ['what COS lists and what it confirmed', 'listed', [window({ confirmed: [B] })], false, [A, B]],
  ['only what it confirmed, under verified', 'verified', [window({ confirmed: [B] })], false, [B]],
  ['only what it lists, after a gap', 'listed', [window({ confirmed: [B] })], true, [A]],
  [
    'only what it lists and confirmed, after a gap under verified',
    'verified',
    [window({ confirmed: [A, B] })],
    true,
    [A],
  ],
  [
    'nothing that another session confirmed',
    'listed',
    [window({ session: 'T', confirmed: [C] })],
    false,
    [A],
  ],
  ['what was listed before', 'listed', [window({ heldBefore: [B] })], false, [A, B]],
  [
    'nothing that was listed before, once COS refused to finish',
    'listed',
    [window({ heldBefore: [B] })],
    true,
    [A],
  ],
  ['nothing that was listed before without its MD5', 'verified', [window({ heldBefore: [B] })], false, []],
  [
    'nothing that was listed before and arrived damaged',
    'listed',
    [window({ heldBefore: [B] }), window({ damaged: [B] })],
    false,
    [A],
  ],
  ['nothing that arrived damaged', 'listed', [window({ damaged: [A] })], false, []],
  [
    'what arrived damaged and was confirmed since',
    'listed',
    [window({ damaged: [A] }), window({ confirmed: [A], at: 11 })],
    false,
    [A, A],
  ],
  [
    'nothing that was confirmed before it arrived damaged',
    'verified',
    [window({ confirmed: [B], at: 9 })],
    false,
    [B],
  ],
] as const)('held is %s', (_, trustListed, windows, strict, expected) => {
  const transfer = { session: 'S', options: { ...OPTIONS, trustListed } };

  expect(heldSlices([A, B, C], transfer, { listed: listed(), windows, strict })).toEqual(expected);
});
