import { setTimeout as sleep } from 'node:timers/promises';
import { handler } from '../../functions/expire-uploads.ts';
import { asError } from '../../shared/errors.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';
import { say } from '../command.ts';
import { localContext } from '../stack/machine.ts';

const EVERY_MS = 3_600_000;
const CALL_MS = 300_000;

/** Runs the function at once and every hour, as the schedule does on AWS, until the signal fires. */
export async function expireEveryHour(services: Wired, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await withServices(services, () => handler({}, localContext('expire-uploads', CALL_MS)));
    } catch (error) {
      if (!signal.aborted) say(`uploads that nobody touched were not cancelled: ${asError(error).message}`);
    }
    await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
