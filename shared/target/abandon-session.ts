import { targetName } from '../cos/target.ts';
import type { Stray } from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { whileHolding } from './hold-target.ts';
import { withStray } from './transitions.ts';

/** Deletes an unfinished upload if it still is that session, and never with it a file that was proven. */
export async function abandonSession(
  services: Services,
  transfer: Transfer,
  session: string,
  time: StepTime,
): Promise<boolean> {
  const listed = await services.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== session) return false;
  // op=delete takes the file of the path too, so whoever owns the target now must stay away meanwhile
  const removed = await whileHolding(services, transfer, time, async ({ owner, stored }, held) => {
    if (stored?.transferId === owner.transferId) return false; // the file there is the owner's, and proven
    const again = await services.cos.list(transfer.target, held.signal);
    if (again.kind !== 'unfinished' || again.session !== session) return false;
    await services.cos.remove(transfer.target, held.signal);
    return true;
  });
  if (removed.held && removed.value) return true;
  await leaveStray(services, targetName(transfer.target), { session, size: listed.size });
  return false;
}

/** Tells whoever owns the target that this session is one of ours and wanted by nobody. */
async function leaveStray(services: Services, name: string, left: Stray): Promise<void> {
  for (;;) {
    const from = await services.store.getTarget(name);
    if (!from) return;
    const to = { ...from, strays: withStray(from.strays, left), revision: from.revision + 1 };
    if (await services.store.replaceTarget(to)) return;
  }
}
