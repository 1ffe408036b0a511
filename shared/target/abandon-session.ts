import { targetName } from '../cos/target.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { changeTarget } from './change-target.ts';
import { whileHolding } from './hold-target.ts';
import { isProvenBy } from './recognise.ts';
import { orphaned } from './transitions.ts';

/** Who deletes an unfinished upload; `by` is the hold under which it works already. */
type Abandoning = Pick<Transfer, 'id' | 'target'> & {
  readonly by?: string | undefined;
  /** `in-the-way` of a file that replaces what is there: nothing does when the transfer is over meanwhile. */
  readonly why?: 'unwanted' | 'in-the-way';
};

export type Abandoned =
  | 'removed'
  | 'left' // it was gone, or it is not for this transfer to delete: the target remembers it
  | 'busy'; // another call of this transfer closes or proves what is there: the target remembers it

/** Deletes an unfinished upload if it still is that session, and never with it a file that was proven. */
export async function abandonSession(
  services: Pick<Services, 'cos' | 'store' | 'clock'>,
  transfer: Abandoning,
  session: string,
  time: StepTime,
): Promise<Abandoned> {
  const listed = await services.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== session) return 'left';
  // op=delete takes the file of the path too: nobody else writes meanwhile, and no call of this transfer closes the upload
  const holder = { id: transfer.id, target: transfer.target, by: transfer.by, as: 'removal' } as const;
  const removed = await whileHolding(services, holder, time, async (held, own) => {
    const { owner, file, upload } = held;
    if (isProvenBy(held, owner.transferId)) return false; // the owner's, and proven
    const again = await services.cos.list(transfer.target, own.signal);
    if (again.kind !== 'unfinished' || again.session !== session) return false;
    const mayTakeTheFile = file !== undefined || upload?.replaces !== undefined;
    if (transfer.why === 'in-the-way' && mayTakeTheFile && (await isOver(transfer, services))) return false;
    await services.cos.remove(transfer.target, own.signal);
    return true;
  });
  if (removed.held && removed.value) return 'removed';
  await changeTarget(services, targetName(transfer.target), orphaned({ session, size: listed.size }));
  return !removed.held && removed.why === 'busy' ? 'busy' : 'left';
}

/** A small object's transfer need not be in the table yet. */
async function isOver({ id }: Abandoning, { store }: Pick<Services, 'store'>): Promise<boolean> {
  const transfer = await store.get(id);
  return transfer !== undefined && !isActive(transfer);
}
