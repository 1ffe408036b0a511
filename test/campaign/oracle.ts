import { LOCAL_COS } from '../../local/stack/stack.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { type Bed, sha1 } from '../kit/relay-bed.ts';
import type { CasePlan } from './plan.ts';

/** The oracle: what is called stored is the source byte for byte; what is not says honestly why. */
export async function judge(
  plan: CasePlan,
  transfers: readonly (Transfer | undefined)[],
  versions: readonly Uint8Array[],
  cancelled: boolean,
  key: string,
  bed: Bed,
): Promise<string[]> {
  const found: string[] = [];
  const last = transfers.length - 1;
  for (const [index, transfer] of transfers.entries()) {
    if (!transfer) {
      found.push('there is no record of the transfer');
      continue;
    }
    if (transfer.state === 'failed' && !plan.mayFailWith.includes(transfer.reason.error)) {
      found.push(`it failed: ${transfer.reason.error}: ${transfer.reason.message}`);
    }
    if (transfer.state === 'superseded' && index === last) found.push('the newest version was superseded');
    if (transfer.state === 'cancelled' && !cancelled) found.push('it was cancelled by nobody');
  }
  const newest = transfers[last];
  const content = versions[last];
  if (newest?.state === 'stored' && content && (await bed.stored(key)) !== sha1(content)) {
    const held = await bed.cos.file(LOCAL_COS.COS_BUCKET, key);
    found.push(
      `it is called stored (${newest.receipt.how}), but COS holds other bytes: ${JSON.stringify(held)}`,
    );
  }
  return found;
}
