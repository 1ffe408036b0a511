import { targetName } from '../cos/target.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { changeTarget } from './change-target.ts';
import { whileHolding } from './hold-target.ts';
import { orphaned } from './transitions.ts';

/** Deletes an unfinished upload if it still is that session, and never with it a file that was proven. */
export async function abandonSession(
  services: Pick<Services, 'cos' | 'store' | 'clock'>,
  transfer: Pick<Transfer, 'id' | 'target'>,
  session: string,
  time: StepTime,
): Promise<boolean> {
  const listed = await services.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== session) return false;
  // op=delete takes the file of the path too, so whoever owns the target now must stay away meanwhile
  const removed = await whileHolding(services, transfer, time, async ({ owner, file }, own) => {
    if (file?.state === 'stored' && file.transferId === owner.transferId) return false; // the owner's, and proven
    const again = await services.cos.list(transfer.target, own.signal);
    if (again.kind !== 'unfinished' || again.session !== session) return false;
    await services.cos.remove(transfer.target, own.signal);
    return true;
  });
  if (removed.held && removed.value) return true;
  await changeTarget(services, targetName(transfer.target), orphaned({ session, size: listed.size }));
  return false;
}
