import { asError, RelayError, SessionLost, TargetBusy } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import { finishUpload } from '../relay/finish-upload.ts';
import { listSlices } from '../relay/list-slices.ts';
import { openUpload } from '../relay/open-upload.ts';
import type { Services, StepTime } from '../services.ts';
import { end } from '../transfer/end-transfer.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Longer than one call of the API may take, in ms. */
const LOCK_MS = 60_000;

/**
 * Opens the upload that a client drives, or finds it open; of many callers one does it, the others see it `opening`.
 * A transfer that cannot be opened is `failed`, so that asking for it again begins anew.
 */
export async function openClientUpload(
  transfer: Transfer,
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  if (transfer.state !== 'opening') return transfer;
  await openAlone(transfer.id, services, time);
  return load(services, transfer.id);
}

/** Opens it anew although it was open once: COS lost the session. */
export async function reopenClientUpload(
  transfer: Transfer,
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  await openAlone(transfer.id, services, time);
  return load(services, transfer.id);
}

const openAlone = (transferId: string, services: Services, time: StepTime): Promise<boolean> =>
  oneAtATime(`open:${transferId}`, LOCK_MS, services, async () => {
    try {
      await open(transferId, services, time);
    } catch (thrown) {
      await recordRefusal(transferId, asError(thrown), services);
      throw thrown;
    }
  });

/** The machine's steps up to the point where slices are sent. An unfinished upload is our own, or policy decides. */
async function open(transferId: string, services: Services, time: StepTime): Promise<void> {
  let input = { transferId, reopens: 0, windowsUsed: 0 };
  for (;;) {
    const opened = await openUpload(input, services, time);
    switch (opened.kind) {
      case 'ended':
      case 'session':
        return;
      case 'stored':
        await finishUpload({ ...opened, gaps: 0 }, services, time);
        return;
      case 'unhashed':
        throw new TypeError('a client that sends its slices itself has no chain to wait for');
      case 'unfinished':
        if (await isOurs(opened, services, time)) return;
        input = { ...input, reopens: opened.reopens };
    }
  }
}

async function isOurs(
  opened: { readonly transferId: string; readonly reopens: number },
  services: Services,
  time: StepTime,
): Promise<boolean> {
  const { transferId, reopens } = opened;
  try {
    const input = { transferId, reopens, round: 0, gaps: 0, windowsUsed: 0 };
    const listed = await listSlices(input, services, time);
    return listed.kind !== 'reopen';
  } catch (error) {
    if (error instanceof SessionLost) return false; // it went away between the two questions
    throw error;
  }
}

/** What passes is tried again by the client; anything else ends the transfer by name. */
async function recordRefusal(transferId: string, error: Error, services: Services): Promise<void> {
  if (!(error instanceof RelayError)) return;
  if (error.remedy !== 'give-up' && !(error instanceof TargetBusy)) return;
  const transfer = await load(services, transferId);
  if (!isActive(transfer)) return;
  const { name, message, wayOut, cosCode, requestId } = error;
  await end(services, transferId, 'failed', { error: name, message, wayOut, cosCode, requestId });
}
