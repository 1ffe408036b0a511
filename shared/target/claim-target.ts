import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import type { Owner, TargetRecord } from '../records/target-record.ts';
import { isActive, type Transfer, toEnded } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from './abandon-session.ts';
import { changeTarget } from './change-target.ts';
import { decideClaim, ownerOf } from './claim-order.ts';
import type { Lease } from './hold-target.ts';
import { strayOf, withStray } from './transitions.ts';

export type Claimed = { readonly kind: 'ours'; readonly record: TargetRecord } | { readonly kind: 'older' };

/**
 * Takes the target for this transfer, or learns that a newer version has it. A running transfer of an older version
 * is superseded, and its open session deleted: what it may still send then lands nowhere. Throws TargetBusy.
 */
export async function claimTarget(
  services: Services,
  transfer: Transfer,
  time: StepTime,
  lease?: Lease,
): Promise<Claimed> {
  const now = services.clock();
  const name = targetName(transfer.target);
  const taken = await takeTarget(services, name, {
    ...ownerOf(transfer.id, transfer.source),
    ...(lease && { leaseUntil: now + lease.ms, holder: lease.holder }),
  });
  if (taken.kind === 'older') return taken;
  return { kind: 'ours', record: await fence(services, transfer, taken.record, time) };
}

/** One conditional write decides who owns the target; whom it was taken from is superseded. Throws TargetBusy. */
export async function takeTarget(services: Services, name: string, mine: Owner): Promise<Claimed> {
  for (;;) {
    const current = await services.store.getTarget(name);
    const claim = decideClaim(current, mine, services.clock());
    if (claim === 'older') return { kind: 'older' };
    if (claim === 'busy') {
      throw new TargetBusy(`${name} is being written by transfer ${current?.owner.transferId}`, {
        bySelf: current?.owner.transferId === mine.transferId,
      });
    }
    const next = {
      ...current,
      name,
      owner: mine,
      deleted: false,
      ...(leavesUnsure(current, mine) && { unsure: true }),
      revision: (current?.revision ?? 0) + 1,
    };
    if (!(await services.store.replaceTarget(next))) continue;
    if (current && claim === 'supersedes')
      await supersede(services, current.owner.transferId, mine.transferId);
    return { kind: 'ours', record: next };
  }
}

/** The owner before wrote something, or was about to, and never recorded what. */
const leavesUnsure = (current: TargetRecord | undefined, mine: Owner): boolean =>
  current !== undefined &&
  current.owner.transferId !== mine.transferId &&
  current.owner.transferId !== current.stored?.transferId &&
  current.deleted !== true;

/** Closes the door behind an upload of another transfer of ours. */
async function fence(
  services: Services,
  transfer: Transfer,
  record: TargetRecord,
  time: StepTime,
): Promise<TargetRecord> {
  const { upload } = record;
  if (!upload || upload.transferId === transfer.id) return record;
  await supersede(services, upload.transferId, transfer.id);
  if (upload.session !== undefined) await abandonSession(services, transfer, upload.session, time);
  const left = strayOf(upload);
  const cleared = await changeTarget(services, transfer, ({ upload: _, ...rest }) =>
    left ? { ...rest, strays: withStray(rest.strays, left) } : rest,
  );
  return cleared ?? record;
}

async function supersede(services: Services, olderId: string, newerId: string): Promise<void> {
  const older = await services.store.get(olderId);
  if (!older || !isActive(older)) return; // a deletion, or over already
  const why = {
    error: 'Superseded',
    message: `a newer version is relayed to the same target by transfer ${newerId}`,
  };
  const over = await change(services, olderId, (from) => toEnded(from, 'superseded', why), { known: older });
  const isOurs = over.state === 'superseded' && over.reason === why; // what another wrote is read anew
  if (isOurs)
    services.observe({ kind: 'ended', transferId: olderId, state: 'superseded', error: 'Superseded' });
}
