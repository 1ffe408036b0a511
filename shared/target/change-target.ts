import { targetName } from '../cos/target.ts';
import type { TargetRecord } from '../records/target-record.ts';
import type { Sending, Transfer } from '../records/transfer.ts';
import type { Services } from '../services.ts';

/**
 * Changes the target's record while this transfer owns it; tries again when somebody else wrote in between. Raises
 * `revision` itself; `undefined` from `next` means: leave it as it is. Resolves with what is stored afterwards; undefined
 * if the transfer does not own the target any more. Throws the signal's reason between two tries.
 */
export async function changeTarget(
  services: Pick<Services, 'store'>,
  transfer: Pick<Transfer, 'id' | 'target'>,
  next: (from: TargetRecord) => Omit<TargetRecord, 'revision'> | undefined,
  { known, signal }: { readonly known?: TargetRecord; readonly signal?: AbortSignal } = {},
): Promise<TargetRecord | undefined> {
  for (let from = known; ; from = undefined) {
    signal?.throwIfAborted();
    from ??= await services.store.getTarget(targetName(transfer.target));
    if (from?.owner.transferId !== transfer.id) return undefined;
    const changed = next(from);
    if (!changed) return from;
    const to = { ...changed, revision: from.revision + 1 };
    if (await services.store.replaceTarget(to)) return to;
  }
}

/** The file that COS made of this upload is not to be trusted: the next init replaces it. */
export async function markDamaged(transfer: Sending, services: Services): Promise<void> {
  await changeTarget(services, transfer, (from) => ({
    ...from,
    ...(from.upload && { upload: { ...from.upload, damaged: true } }),
  }));
}
