import type { Services } from '../services.ts';

/**
 * Runs `work` unless somebody else is at it under this name; resolves with whether it ran. A caller that died in the
 * middle keeps the others out for `forMs` at most.
 */
export async function oneAtATime(
  name: string,
  forMs: number,
  { store, clock, newId }: Pick<Services, 'store' | 'clock' | 'newId'>,
  work: () => Promise<void>,
): Promise<boolean> {
  const lock = { name, by: newId(), until: clock() + forMs };
  if (!(await store.lock(lock))) return false;
  try {
    await work();
    return true;
  } finally {
    await store.unlock(lock);
  }
}
