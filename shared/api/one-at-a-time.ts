import type { Services } from '../services.ts';

/**
 * Runs `work` unless somebody else is at it under this name; resolves with whether it ran. A caller that died in the
 * middle keeps the others out for `leaseMs` at most.
 */
export async function alone(
  name: string,
  leaseMs: number,
  { store, clock }: Services,
  work: () => Promise<void>,
): Promise<boolean> {
  const key = `lease:${name}`;
  const seen = await store.getTarget(key);
  const taken = seen?.owner.active && (seen.owner.leaseUntil ?? 0) > clock();
  if (taken) return false;
  const owner = { transferId: name, sourceName: 'lease', active: true, leaseUntil: clock() + leaseMs };
  const mine = { name: key, owner, revision: (seen?.revision ?? 0) + 1 };
  if (!(await store.replaceTarget(mine))) return false;
  try {
    await work();
    return true;
  } finally {
    await store.replaceTarget({ ...mine, owner: { ...owner, active: false }, revision: mine.revision + 1 });
  }
}
