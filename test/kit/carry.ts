import { onTestFinished } from 'vitest';
import type { DroppedObject } from '../../local/s3/drop/dropped-object.ts';
import type { Stack } from '../../local/stack/stack.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { type Bed, type BedOptions, bytesOf, idOf, openBed, type ProcessOptions } from './relay-bed.ts';

export const PATH = 'films/a.bin';

/** A bed that goes with the test. */
export async function testBed(options: BedOptions = {}): Promise<Bed> {
  const bed = await openBed(options);
  onTestFinished(bed.close);
  return bed;
}

/** Drops a fresh object of this size into S3. */
export async function drop(bed: Bed, size: number, name = 'first', key = PATH) {
  const bytes = bytesOf(name, size);
  return { bytes, object: await bed.put(key, bytes) };
}

/** Announces the object to a process and waits until nothing runs any more. */
export async function carry(
  bed: Bed,
  object: DroppedObject,
  options: ProcessOptions = {},
): Promise<{ transfer: Transfer; stack: Stack }> {
  const stack = await bed.start(options);
  return { transfer: await carryOn(stack, object), stack };
}

export async function carryOn(stack: Stack, object: DroppedObject): Promise<Transfer> {
  await stack.announce(object);
  await stack.machine.idle();
  return transferOf(stack, object);
}

export async function transferOf(stack: Stack, object: DroppedObject): Promise<Transfer> {
  const transfer = await stack.services.store.get(idOf(object));
  if (!transfer) throw new Error('there is no record of the transfer');
  return transfer;
}

/** Why it ended, for a transfer that was not stored. */
export const reasonOf = (transfer: Transfer) => ('reason' in transfer ? transfer.reason : undefined);

export const never = new AbortController().signal;
