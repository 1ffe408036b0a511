import { type CosTarget, pathProblem } from '../cos/target.ts';
import { BadInput } from '../errors.ts';
import type { Origin } from '../session/origin.ts';
import { isActive, newTransfer, type Transfer, toRestarted } from '../session/transfer.ts';
import type { TransferOptions } from '../session/transfer-options.ts';
import type { RelayParts } from './parts.ts';

/** Starts executions of `relay.asl.yml`. */
export type Machine = {
  /** A second start under the same name is refused by the machine and is fine. */
  start(name: string, input: { readonly transferId: string }): Promise<void>;
};

export type StartOptions = {
  /** Begin again what failed or was cancelled. */
  readonly restart: boolean;
  /** Write down a path that COS cannot hold too: to say so. */
  readonly anyPath?: boolean;
};

/** Writes the transfer down, once for any number of calls, without starting it. Throws BadInput for a path COS cannot hold. */
export async function registerTransfer(
  source: Origin,
  target: CosTarget,
  options: TransferOptions,
  parts: RelayParts,
  { restart, anyPath }: StartOptions,
): Promise<Transfer> {
  if (!anyPath) assertStorable(target);
  const made = newTransfer(source, target, options, parts.clock());
  const created = await parts.store.create(made);
  if (created.won) return made;
  return restart ? restarted(created.existing, parts) : created.existing;
}

/** Throws BadInput for a path COS cannot hold. */
export function assertStorable({ path }: CosTarget): void {
  const problem = pathProblem(path);
  if (problem === undefined) return;
  throw new BadInput(`COS cannot hold a file named ${JSON.stringify(path)}: ${problem}`, {
    wayOut: 'rename the object, or map its key with TARGET_PATH',
  });
}

/** The transfer, in a new execution if it had failed or was cancelled. */
export async function restarted(existing: Transfer, parts: RelayParts): Promise<Transfer> {
  if (existing.state !== 'failed' && existing.state !== 'cancelled') return existing;
  const again = { ...toRestarted(existing), updatedAt: parts.clock(), revision: existing.revision + 1 };
  if (await parts.store.replace(again)) return again;
  return (await parts.store.get(existing.id)) ?? again; // somebody else restarted it
}

/** Starts the machine for a running transfer; nothing happens if it runs already. */
export async function startMachine(transfer: Transfer, machine: Machine): Promise<void> {
  if (!isActive(transfer)) return;
  await machine.start(`${transfer.id}-${transfer.execution}`, { transferId: transfer.id });
}
