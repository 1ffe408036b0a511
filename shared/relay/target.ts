import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { decideClaim, type Owner, ownerOf, type Stray, type TargetRecord } from '../session/target-record.ts';
import { isActive, type Transfer, toEnded } from '../session/transfer.ts';
import type { EpochMillis } from '../time.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { isHopeless } from './reason.ts';

export type Claimed = { readonly kind: 'ours'; readonly record: TargetRecord } | { readonly kind: 'older' };

/** For a single request that nothing else can stop: until it is over, or the lease is, nobody writes to the target. */
export type Lease = { readonly ms: number; readonly holder: string };

/**
 * Takes the target for this transfer, or learns that a newer version has it. A running transfer of an older version
 * is superseded, and its open session deleted: what it may still send then lands nowhere. Throws TargetBusy.
 */
export async function claimTarget(
  parts: RelayParts,
  transfer: Transfer,
  time: StepTime,
  lease?: Lease,
): Promise<Claimed> {
  const now = parts.clock();
  const name = targetName(transfer.target);
  const taken = await takeTarget(parts, name, {
    ...ownerOf(transfer.id, transfer.source),
    ...(lease && { leaseUntil: now + lease.ms, holder: lease.holder }),
  });
  if (taken.kind === 'older') return taken;
  return { kind: 'ours', record: await fence(parts, transfer, taken.record, time) };
}

/** One conditional write decides who owns the target; whom it was taken from is superseded. Throws TargetBusy. */
export async function takeTarget(parts: RelayParts, name: string, mine: Owner): Promise<Claimed> {
  for (;;) {
    const current = await parts.store.getTarget(name);
    const claim = decideClaim(current, mine, parts.clock());
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
    if (!(await parts.store.replaceTarget(next))) continue;
    if (current && claim === 'supersedes') await supersede(parts, current.owner.transferId, mine.transferId);
    return { kind: 'ours', record: next };
  }
}

/** The owner before wrote something, or was about to, and never recorded what. */
const leavesUnsure = (current: TargetRecord | undefined, mine: Owner): boolean =>
  current !== undefined &&
  current.owner.transferId !== mine.transferId &&
  current.owner.transferId !== current.stored?.transferId &&
  current.deleted !== true;

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
  const left = strayOf(upload);
  const cleared = await changeTarget(parts, transfer, ({ upload: _, ...rest }) =>
    left ? { ...rest, strays: withStray(rest.strays, left) } : rest,
  );
  return cleared ?? record;
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

/** A delete, an update or a stat that must not meet another's bytes is over by then, in ms. */
const HOLD_MS = 60_000;
/** Kept for clocks that differ and for a request that is cut off but still served, in ms. */
const MARGIN_MS = 15_000;

/** How long a single request under a lease may go on. */
export const leasedTime = (time: StepTime, leaseMs: number): StepTime => {
  const over = AbortSignal.timeout(Math.max(1, leaseMs - MARGIN_MS));
  return { stop: AbortSignal.any([time.stop, over]), signal: AbortSignal.any([time.signal, over]) };
};

export type Held<T> = { readonly held: true; readonly value: T } | { readonly held: false };

/**
 * Runs `work` while nobody else writes to the target: what it does there has no session that could be taken away. Not
 * held if the transfer lost the target.
 */
export async function whileHolding<T>(
  parts: RelayParts,
  transfer: Transfer,
  time: StepTime,
  work: (record: TargetRecord, time: StepTime) => Promise<T>,
): Promise<Held<T>> {
  const until = parts.clock() + HOLD_MS;
  let before: number | undefined;
  const record = await changeTarget(parts, transfer, (from) => {
    before = from.owner.leaseUntil;
    return { ...from, owner: { ...from.owner, leaseUntil: Math.max(before ?? 0, until) } };
  });
  if (!record) return { held: false };
  const giveBack = () => shortenLease(parts, transfer, record.owner.leaseUntil, before);
  try {
    const value = await work(record, leasedTime(time, HOLD_MS));
    await giveBack();
    return { held: true, value };
  } catch (error) {
    // a request without an answer may still be served: the lease then runs its time
    if (isHopeless(error)) await giveBack();
    throw error;
  }
}

/**
 * The call that held the lease failed with `error`: another call of the same transfer may go on at once, another version
 * only when nothing can be under way any more.
 */
export async function letGo(
  parts: RelayParts,
  transfer: Pick<Transfer, 'id' | 'target'>,
  holder: string,
  error: unknown,
): Promise<void> {
  for (;;) {
    const from = await parts.store.getTarget(targetName(transfer.target));
    if (from?.owner.holder !== holder) return;
    const { holder: _, leaseUntil, ...owner } = from.owner;
    const kept = isHopeless(error) ? owner : { ...owner, leaseUntil };
    if (await parts.store.replaceTarget({ ...from, owner: kept, revision: from.revision + 1 })) return;
  }
}

/** Sets the lease back to what it was; one that was released or renewed since is let be. */
async function shortenLease(
  parts: RelayParts,
  { id, target }: Transfer,
  ours: EpochMillis | undefined,
  before: EpochMillis | undefined,
): Promise<void> {
  for (;;) {
    const from = await parts.store.getTarget(targetName(target));
    if (from?.owner.transferId !== id || from.owner.leaseUntil !== ours) return;
    const { leaseUntil: _, ...owner } = from.owner;
    const shortened = { ...owner, ...(before !== undefined && { leaseUntil: before }) };
    if (await parts.store.replaceTarget({ ...from, owner: shortened, revision: from.revision + 1 })) return;
  }
}

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

/** An init of it may be under way: the session it opens will be nobody's. */
export const strayOf = (upload: TargetRecord['upload']): Stray | undefined =>
  upload && (upload.intended || upload.session === undefined) && upload.size !== undefined
    ? { size: upload.size }
    : undefined;

const STRAYS_KEPT = 8;
export const withStray = (strays: readonly Stray[] = [], left: Stray): Stray[] =>
  [...strays, left].slice(-STRAYS_KEPT);
