import { type CosTarget, pathProblem } from '../cos/target.ts';
import { BadInput, TooLarge } from '../errors.ts';
import type { Origin } from '../records/source-version.ts';
import {
  type Beginner,
  isActive,
  newTransfer,
  onBehalfOf,
  type Transfer,
  toRestarted,
} from '../records/transfer.ts';
import type { Machine, Services } from '../services.ts';
import type { Destination } from './destination.ts';

export type StartOptions = {
  /** Begin again what failed or was cancelled. */
  readonly restart: boolean;
  /** Write down a path that COS cannot hold too: to say so. */
  readonly anyPath?: boolean;
  /** The caller of the API who asks for it. */
  readonly begunBy?: Beginner;
};

/** Writes the transfer down, once for any number of calls, without starting it. Throws BadInput for a path COS cannot hold. */
export async function registerTransfer(
  source: Origin,
  { target, options }: Destination,
  services: Pick<Services, 'store' | 'clock'>,
  { restart, anyPath, begunBy }: StartOptions,
): Promise<Transfer> {
  if (!anyPath) assertStorable(target);
  const plain = newTransfer(source, target, options, services.clock());
  const made = begunBy ? onBehalfOf(plain, begunBy) : plain;
  const created = await services.store.create(made);
  if (created.won) return made;
  return restart ? restarted(created.existing, services) : created.existing;
}

/**
 * The transfer as the table knows it; else a new one that nobody has written down yet, of revision 0: its first change
 * does. Throws BadInput for a path COS cannot hold.
 */
export async function knownOrNew(
  source: Origin,
  { target, options }: Destination,
  { store, clock }: Pick<Services, 'store' | 'clock'>,
): Promise<Transfer> {
  assertStorable(target);
  const fresh = { ...newTransfer(source, target, options, clock()), revision: 0 };
  return (await store.get(fresh.id)) ?? fresh;
}

/** Throws BadInput for a path COS cannot hold. */
export function assertStorable({ path }: CosTarget): void {
  const problem = pathProblem(path);
  if (problem === undefined) return;
  throw new BadInput(`COS cannot hold a file named ${JSON.stringify(path)}: ${problem}`, {
    wayOut: 'rename the object, or map its key with TARGET_PATH',
  });
}

/** Throws TooLarge for a size that the sliced upload of COS v4 does not take (Tencent documents 64 GB, pages 436/31354 to 31356). */
export function assertFits({ size }: Pick<Origin, 'size'>, { settings }: Pick<Services, 'settings'>): void {
  const { maxObjectBytes } = settings;
  if (size > maxObjectBytes)
    throw new TooLarge(`the object has ${size} bytes, and a sliced upload of COS v4 takes ${maxObjectBytes}`);
}

/** The transfer, in a new execution if it had failed or was cancelled. */
export async function restarted(
  existing: Transfer,
  services: Pick<Services, 'store' | 'clock'>,
): Promise<Transfer> {
  if (existing.state !== 'failed' && existing.state !== 'cancelled') return existing;
  const again = { ...toRestarted(existing), updatedAt: services.clock(), revision: existing.revision + 1 };
  if (await services.store.replace(again)) return again;
  return (await services.store.get(existing.id)) ?? again; // somebody else restarted it
}

/** Starts the machine for a running transfer; nothing happens if it runs already. */
export async function startMachine(transfer: Transfer, machine: Machine): Promise<void> {
  if (!isActive(transfer)) return;
  await machine.start(`${transfer.id}-${transfer.execution}`, { transferId: transfer.id });
}
