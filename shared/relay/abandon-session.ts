import { targetName } from '../cos/target.ts';
import { type Stray, withStray } from '../session/target-record.ts';
import type { Transfer } from '../session/transfer.ts';
import { whileHolding } from './lease.ts';
import type { RelayParts, StepTime } from './parts.ts';

/** Deletes an unfinished upload if it still is that session, and never with it a file that was proven. */
export async function abandonSession(
  parts: RelayParts,
  transfer: Transfer,
  session: string,
  time: StepTime,
): Promise<boolean> {
  const listed = await parts.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== session) return false;
  // op=delete takes the file of the path too, so whoever owns the target now must stay away meanwhile
  const removed = await whileHolding(parts, transfer, time, async ({ owner, stored }, held) => {
    if (stored?.transferId === owner.transferId) return false; // the file there is the owner's, and proven
    const again = await parts.cos.list(transfer.target, held.signal);
    if (again.kind !== 'unfinished' || again.session !== session) return false;
    await parts.cos.remove(transfer.target, held.signal);
    return true;
  });
  if (removed.held && removed.value) return true;
  await leaveStray(parts, targetName(transfer.target), { session, size: listed.size });
  return false;
}

/** Tells whoever owns the target that this session is one of ours and wanted by nobody. */
async function leaveStray(parts: RelayParts, name: string, left: Stray): Promise<void> {
  for (;;) {
    const from = await parts.store.getTarget(name);
    if (!from) return;
    const to = { ...from, strays: withStray(from.strays, left), revision: from.revision + 1 };
    if (await parts.store.replaceTarget(to)) return;
  }
}
