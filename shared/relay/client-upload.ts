import { asError, RelayError, SessionLost, TargetBusy } from '../errors.ts';
import { isActive, type Transfer } from '../session/transfer.ts';
import { alone } from './alone.ts';
import { finishUpload } from './finish-upload.ts';
import { listSlices } from './list-slices.ts';
import { openUpload } from './open-upload.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { end, load } from './step.ts';

/** Longer than one call of the API may take, in ms. */
const LEASE_MS = 60_000;

/**
 * Opens the upload that a client drives, or finds it open; of many callers one does it, the others see it `opening`.
 * A transfer that cannot be opened is `failed`, so that asking for it again begins anew.
 */
export async function openClientUpload(
  transfer: Transfer,
  parts: RelayParts,
  time: StepTime,
): Promise<Transfer> {
  if (transfer.state !== 'opening') return transfer;
  await openAlone(transfer.id, parts, time);
  return load(parts, transfer.id);
}

/** Opens it anew although it was open once: COS lost the session. */
export async function reopenClientUpload(
  transfer: Transfer,
  parts: RelayParts,
  time: StepTime,
): Promise<Transfer> {
  await openAlone(transfer.id, parts, time);
  return load(parts, transfer.id);
}

const openAlone = (transferId: string, parts: RelayParts, time: StepTime): Promise<boolean> =>
  alone(`open:${transferId}`, LEASE_MS, parts, async () => {
    try {
      await open(transferId, parts, time);
    } catch (thrown) {
      await recordRefusal(transferId, asError(thrown), parts);
      throw thrown;
    }
  });

/** The machine's steps up to the point where slices are sent. -4019 means our own upload, or policy decides. */
async function open(transferId: string, parts: RelayParts, time: StepTime): Promise<void> {
  let input = { transferId, reopens: 0, windowsUsed: 0 };
  for (;;) {
    const opened = await openUpload(input, parts, time);
    switch (opened.kind) {
      case 'ended':
      case 'session':
        return;
      case 'stored':
        await finishUpload({ ...opened, gaps: 0 }, parts, time);
        return;
      case 'unhashed':
        throw new TypeError('a client that sends its slices itself has no chain to wait for');
      case 'unfinished':
        if (await isOurs(opened, parts, time)) return;
        input = { ...input, reopens: opened.reopens };
    }
  }
}

async function isOurs(
  opened: { readonly transferId: string; readonly reopens: number },
  parts: RelayParts,
  time: StepTime,
): Promise<boolean> {
  const { transferId, reopens } = opened;
  try {
    const input = { transferId, reopens, round: 0, gaps: 0, windowsUsed: 0 };
    const listed = await listSlices(input, parts, time);
    return listed.kind !== 'reopen';
  } catch (error) {
    if (error instanceof SessionLost) return false; // it went away between the two questions
    throw error;
  }
}

/** What passes is tried again by the client; anything else ends the transfer by name. */
async function recordRefusal(transferId: string, error: Error, parts: RelayParts): Promise<void> {
  if (!(error instanceof RelayError)) return;
  if (error.remedy !== 'give-up' && !(error instanceof TargetBusy)) return;
  const transfer = await load(parts, transferId);
  if (!isActive(transfer)) return;
  const { name, message, wayOut, cosCode, requestId } = error;
  await end(parts, transferId, 'failed', { error: name, message, wayOut, cosCode, requestId });
}
