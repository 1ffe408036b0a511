import { targetName } from '../cos/target.ts';
import type { TargetRecord } from '../session/target-record.ts';
import type { Transfer } from '../session/transfer.ts';
import type { RelayParts } from './parts.ts';

/** Changes the target's record while this transfer owns it; undefined if it does not any more. */
export async function changeTarget(
  parts: RelayParts,
  transfer: Pick<Transfer, 'id' | 'target'>,
  next: (from: TargetRecord) => Omit<TargetRecord, 'revision'>,
  known?: TargetRecord,
): Promise<TargetRecord | undefined> {
  for (let from = known; ; from = undefined) {
    from ??= await parts.store.getTarget(targetName(transfer.target));
    if (from?.owner.transferId !== transfer.id) return undefined;
    const to = { ...next(from), revision: from.revision + 1 };
    if (await parts.store.replaceTarget(to)) return to;
  }
}
