import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { decideClaim, ownerOf, type TargetRecord } from '../session/target-record.ts';
import { isActive, type Transfer, toEnded } from '../session/transfer.ts';
import type { RelayParts, StepTime } from './parts.ts';

export type Claimed = { readonly kind: 'ours'; readonly record: TargetRecord } | { readonly kind: 'older' };

/**
 * Takes the target for this transfer, or learns that a newer version has it. A running transfer of an older version
 * is superseded, and its open session deleted: what it may still send then lands nowhere. Throws TargetBusy.
 */
export async function claimTarget(
  parts: RelayParts,
  transfer: Transfer,
  time: StepTime,
  leaseMs?: number,
): Promise<Claimed> {
  const name = targetName(transfer.target);
  const now = parts.clock();
  const mine = {
    ...ownerOf(transfer.id, transfer.source),
    ...(leaseMs !== undefined && { leaseUntil: now + leaseMs }),
  };
  for (;;) {
    const current = await parts.store.getTarget(name);
    const claim = decideClaim(current, mine, now);
    if (claim === 'older') return { kind: 'older' };
    if (claim === 'busy') {
      throw new TargetBusy(`${name} is being written by transfer ${current?.owner.transferId}`);
    }
    const next = { ...current, name, owner: mine, deleted: false, revision: (current?.revision ?? 0) + 1 };
    if (!(await parts.store.replaceTarget(next))) continue;
    if (current && claim === 'supersedes') await supersede(parts, current.owner.transferId, transfer.id);
    return { kind: 'ours', record: await fence(parts, transfer, next, time) };
  }
}

/** Changes the target's record while this transfer owns it; undefined if it does not any more. */
export async function changeTarget(
  parts: RelayParts,
  transfer: Transfer,
  next: (from: TargetRecord) => Omit<TargetRecord, 'revision'>,
): Promise<TargetRecord | undefined> {
  for (;;) {
    const from = await parts.store.getTarget(targetName(transfer.target));
    if (from?.owner.transferId !== transfer.id) return undefined;
    const to = { ...next(from), revision: from.revision + 1 };
    if (await parts.store.replaceTarget(to)) return to;
  }
}

/** Closes the door behind an upload of another transfer of ours. */
async function fence(
  parts: RelayParts,
  transfer: Transfer,
  record: TargetRecord,
  time: StepTime,
): Promise<TargetRecord> {
  const { upload } = record;
  if (!upload || upload.transferId === transfer.id) return record;
  await supersede(parts, upload.transferId, transfer.id);
  if (upload.session !== undefined) await abandonSession(parts, transfer, upload.session, time);
  const cleared = await changeTarget(parts, transfer, ({ upload: _, ...rest }) => rest);
  return cleared ?? record;
}

/** Deletes an unfinished upload if it still is that session. */
export async function abandonSession(
  parts: RelayParts,
  transfer: Transfer,
  session: string,
  time: StepTime,
): Promise<boolean> {
  const listed = await parts.cos.list(transfer.target, time.signal);
  if (listed.kind !== 'unfinished' || listed.session !== session) return false;
  await parts.cos.remove(transfer.target, time.signal);
  return true;
}

async function supersede(parts: RelayParts, olderId: string, newerId: string): Promise<void> {
  for (;;) {
    const older = await parts.store.get(olderId);
    if (!older || !isActive(older)) return;
    const why = {
      error: 'Superseded',
      message: `a newer version is relayed to the same target by transfer ${newerId}`,
    };
    if (await parts.store.replace(toEnded(older, 'superseded', why, parts.clock()))) {
      parts.observe({ kind: 'ended', transferId: olderId, state: 'superseded', error: 'Superseded' });
      return;
    }
  }
}
