import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { createdKey, listedAs } from './listed-row.ts';
import type { Receipt } from './receipt.ts';
import { type Transfer, transfer } from './transfer.ts';

/** What the receipt of an object that went in one request says, and what the receipt of any says once more of its transfer. */
function expectedOf({ id, source, target, metadata, createdAt, attempts }: Omit<Transfer, 'state'>) {
  const { size, sha1 } = source;
  const expected: Partial<Receipt> = {
    transferId: id,
    source,
    target,
    startedAt: createdAt,
    attempts,
    notCarried: metadata?.notCarried,
    slices: { total: 0, sent: 0, alreadyHeld: 0, resent: 0, md5Verified: 0 },
    bytes: { total: size, sent: size },
    verified: { size, ...(sha1 !== undefined && { sha1, sha1Matches: true }) },
    accessUrl: `http://${target.bucket}-${target.appId}.file.myqcloud.com/${target.path}`,
  };
  return new Map<string, unknown>(Object.entries(expected));
}

/**
 * A transfer as its item in the table. Each kilobyte that is begun costs a write unit, so a receipt is kept without what
 * is to be expected of it: the item of a small object that is stored then fits into one. `null` is what it does not say.
 */
export function itemOfTransfer(of: Transfer): Record<string, unknown> {
  const { id, ...rest } = of;
  const keys = { pk: `TRANSFER#${id}`, sk: 'TRANSFER', listedAs: listedAs(of), createdKey: createdKey(of) };
  if (of.state !== 'stored') return { ...keys, ...rest };
  const said: ReadonlyMap<string, unknown> = new Map(Object.entries(of.receipt));
  const kept = new Map(said);
  for (const [name, expected] of expectedOf(of)) {
    if (isDeepStrictEqual(said.get(name), expected)) kept.delete(name);
    else kept.set(name, said.get(name) ?? null);
  }
  return { ...keys, ...rest, receipt: Object.fromEntries(kept) };
}

const item = z.looseObject({ pk: z.string(), receipt: z.looseObject({}).optional() });

/** The transfer that an item holds, as this release wrote it or the one before: its receipts were whole. Throws ZodError. */
export function transferOfItem(read: unknown): Transfer {
  const { pk, receipt, ...rest } = item.parse(read);
  const held = { id: pk.slice('TRANSFER#'.length), ...rest };
  if (!receipt || 'transferId' in receipt) return transfer.parse({ ...held, receipt });
  const whole = expectedOf(transfer.parse({ ...held, state: 'opening' }));
  for (const [name, own] of Object.entries(receipt)) whole.set(name, own ?? undefined);
  return transfer.parse({ ...held, receipt: Object.fromEntries(whole) });
}
