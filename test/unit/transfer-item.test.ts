import { expect, test } from 'vitest';
import type { Receipt } from '../../shared/records/receipt.ts';
import { newTransfer, type Transfer, toEnded, toStored } from '../../shared/records/transfer.ts';
import { itemOfTransfer, transferOfItem } from '../../shared/records/transfer-item.ts';
import { OPTIONS } from '../kit/relay-bed.ts';

const key = 'photos/2026/11/25/customer-4711/IMG_20261125_101010_original.jpg';
const source = {
  kind: 's3',
  bucket: 'example-source-bucket',
  key,
  versionId: '3HL4kqtJvjVBH40Nrjfkd.EXAMPLE2EG',
  etag: '829e51ded468cd84980cb01c59d38249',
  size: 65_536,
  lastModified: 1_795_620_265_000,
  sequencer: '0018EB531E1936E3FB',
  sha1: 'c068a1f54d77965b428a7969125313ce29abb93b',
} as const;
const target = { region: 'ap-shanghai', appId: '1250000000', bucket: 'readers', path: key };
const begun = {
  ...newTransfer(source, target, OPTIONS, 1_795_620_265_208),
  attempts: 1,
  metadata: { contentType: 'image/jpeg', user: [['owner', 'a']] as [string, string][], notCarried: ['acl'] },
};
const receipt: Receipt = {
  transferId: begun.id,
  how: 'direct',
  evidence: 'sha1',
  source,
  target,
  slices: { total: 0, sent: 0, alreadyHeld: 0, resent: 0, md5Verified: 0 },
  bytes: { total: 65_536, sent: 65_536 },
  verified: { size: 65_536, sha1: source.sha1, sha1Matches: true },
  requestIds: { stat: 'NWE3YzYxYjFfMTQ4ZTE1MGFfNGYzXzZm' },
  accessUrl: `http://readers-1250000000.file.myqcloud.com/${key}`,
  metadata: { set: ['Content-Type', 'x-cos-meta-owner'], refused: [] },
  notCarried: ['acl'],
  startedAt: begun.createdAt,
  storedAt: 1_795_620_265_356,
  attempts: 1,
  relayVersion: '0.2.0',
};
const stored = toStored(begun, receipt);

const odd: Transfer[] = [
  begun,
  stored,
  toEnded(begun, 'failed', { error: 'CosRefused', message: 'no' }),
  toStored(begun, { ...receipt, attempts: 7, startedAt: 5, notCarried: ['tags'] }), // not what its transfer says
  toStored(
    { ...begun, metadata: undefined },
    { ...receipt, how: 'sent', session: 's', sliceSize: 1_048_576 },
  ),
  toStored({ ...begun, metadata: undefined }, { ...receipt, notCarried: undefined }),
  toStored(begun, { ...receipt, slices: { ...receipt.slices, total: 3, sent: 3 } }),
];

test.each(odd)('a transfer is read from its item as it was written: case %#', (written) => {
  const asDynamoDbKeepsIt = JSON.parse(JSON.stringify(itemOfTransfer(written)));

  expect(transferOfItem(asDynamoDbKeepsIt)).toEqual(JSON.parse(JSON.stringify(written)));
});

test('an item of the release before, whose receipt is whole, is read', () => {
  const item = { pk: `TRANSFER#${stored.id}`, sk: 'TRANSFER', ...JSON.parse(JSON.stringify(stored)) };

  expect(transferOfItem(item)).toEqual(JSON.parse(JSON.stringify(stored)));
});

test('a small object that is stored costs one write unit in the table: its item has at most 1,024 bytes', () => {
  expect(bytesOf({ ...itemOfTransfer(stored), expiresAt: 1_800_000_000 })).toBeLessThanOrEqual(1_024);
});

/** As DynamoDB counts an item: names and text in UTF-8, two digits of a number a byte, three bytes a list or map and one an element. */
function bytesOf(value: unknown, isItem = true): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/0+$/, '').length / 2) + 1;
  if (typeof value !== 'object' || value === null) return 1;
  const named = !Array.isArray(value);
  const own = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => (named ? Buffer.byteLength(name) : 0) + bytesOf(one, false) + (isItem ? 0 : 1));
  return own.reduce((sum, one) => sum + one, isItem ? 0 : 3);
}
