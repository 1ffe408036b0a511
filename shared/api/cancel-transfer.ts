import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import type { EndReason } from '../records/end-reason.ts';
import { recordedIn } from '../records/target-record.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import type { ApiServices, Services, StepTime } from '../services.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { whileHolding } from '../target/hold-target.ts';
import { sessionForgotten } from '../target/transitions.ts';
import { end } from '../transfer/end-transfer.ts';
import { loadFor } from './access.ts';
import { mustBeSending } from './declined.ts';
import { show } from './get-transfer.ts';
import type { CancelInput } from './request-schemas.ts';
import type { TransferView } from './views.ts';

/** Cancels what is under way. Throws Declined for what is over already, unless it was cancelled before. */
export async function cancelOnRequest(
  { caller, path, query }: CancelInput,
  services: ApiServices,
  time: StepTime,
): Promise<TransferView> {
  const found = await loadFor(caller, path.id, 'act', services);
  const transfer = await cancelTransfer(found, { keepUpload: query.keepUpload ?? false }, services, time);
  if (transfer.state !== 'cancelled') mustBeSending(transfer);
  return show(transfer, services);
}

const ON_REQUEST: EndReason = { error: 'Cancelled', message: 'cancelled on request' };

export type CancelOptions = {
  /** Leave the unfinished upload in COS, for a later try. */
  readonly keepUpload?: boolean;
  /** Unless somebody asked for it. */
  readonly why?: EndReason;
};

/**
 * Ends a running transfer: its workers stop by themselves, and the unfinished upload is deleted from COS. It stays
 * when an older file is at the path, since deleting would take that file too. A transfer that is over stays as it is.
 * Throws TargetBusy while its file is being closed: a file that is closed a moment later is stored, and not cancelled.
 * `found`: as it was read a moment ago.
 */
export async function cancelTransfer(
  found: Transfer,
  options: CancelOptions,
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  const holder = { id: found.id, target: found.target, as: 'removal' } as const;
  const cancelled = await whileHolding(services, holder, time, (_, own) =>
    cancelHeld(found, options, services, own),
  );
  if (cancelled.held) return cancelled.value;
  if (cancelled.why === 'lost') return cancelHeld(found, options, services, time); // nothing of it can be closed
  const now = await load(services, found.id);
  if (!isActive(now)) return now;
  throw new TargetBusy(`the file of transfer ${found.id} is being closed`, { bySelf: true });
}

async function cancelHeld(
  found: Transfer,
  { keepUpload, why = ON_REQUEST }: CancelOptions,
  services: Services,
  time: StepTime,
): Promise<Transfer> {
  const transfer = await end(services, found, 'cancelled', why);
  if (transfer.state !== 'cancelled' || keepUpload) return transfer;
  const upload = (await services.store.getTarget(targetName(transfer.target)))?.upload;
  const recorded = upload?.transferId === transfer.id && !upload.replaces ? recordedIn(upload) : undefined;
  if (!recorded) return transfer;
  await abandonSession(services, transfer, recorded.session, time);
  await changeTarget(services, targetName(transfer.target), sessionForgotten(transfer.id, recorded.session));
  return transfer;
}
