import { targetName } from '../cos/target.ts';
import type { TargetRecord } from '../session/target-record.ts';
import type { Transfer } from '../session/transfer.ts';
import type { RelayParts } from './parts.ts';

/**
 * Changes the target's record while this transfer owns it; tries again when somebody else wrote in between. Raises
 * `revision` itself; `undefined` from `next` means: leave it as it is. Resolves with what is stored afterwards; undefined
 * if the transfer does not own the target any more. Throws the signal's reason between two tries.
 */
export async function changeTarget(
  parts: Pick<RelayParts, 'store'>,
  transfer: Pick<Transfer, 'id' | 'target'>,
  next: (from: TargetRecord) => Omit<TargetRecord, 'revision'> | undefined,
  { known, signal }: { readonly known?: TargetRecord; readonly signal?: AbortSignal } = {},
): Promise<TargetRecord | undefined> {
  for (let from = known; ; from = undefined) {
    signal?.throwIfAborted();
    from ??= await parts.store.getTarget(targetName(transfer.target));
    if (from?.owner.transferId !== transfer.id) return undefined;
    const changed = next(from);
    if (!changed) return from;
    const to = { ...changed, revision: from.revision + 1 };
    if (await parts.store.replaceTarget(to)) return to;
  }
}
