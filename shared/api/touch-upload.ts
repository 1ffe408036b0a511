import type { Config } from '../config.ts';
import { change } from '../records/change-transfer.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';

const HOUR_MS = 3_600_000;
/** So often within its span an upload that is worked on is written to, at most. */
const TOUCHES = 24;

/** In ms: an upload that nobody touched for longer is over. What was not written down of the last touch is added. */
export const expiresAfterMs = ({ UPLOAD_EXPIRES_HOURS }: Pick<Config, 'UPLOAD_EXPIRES_HOURS'>): number =>
  UPLOAD_EXPIRES_HOURS * HOUR_MS + touchedEveryMs(UPLOAD_EXPIRES_HOURS);

const touchedEveryMs = (hours: number): number => (hours * HOUR_MS) / TOUCHES;

/** Notes that a client works on its upload: a write now and then, not one a slice. */
export async function touchUpload(
  transfer: Transfer,
  services: Pick<ApiServices, 'store' | 'clock' | 'config'>,
): Promise<void> {
  const { id, source, updatedAt } = transfer;
  if (source.kind !== 'client' || !isActive(transfer)) return;
  if (services.clock() - updatedAt < touchedEveryMs(services.config.UPLOAD_EXPIRES_HOURS)) return;
  // of many calls at once the first writes, the others find it done
  await change(services, id, (from) => (from.updatedAt === updatedAt ? from : undefined), {
    known: transfer,
  });
}
