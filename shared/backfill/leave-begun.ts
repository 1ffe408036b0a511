import type { BackfillServices } from '../services.ts';
import { end } from '../transfer/end-transfer.ts';
import type { Carried } from './carry-listed.ts';

/**
 * An earlier try wrote a transfer down, and this one has to do with another: S3 holds another version by now, or none.
 * Nobody would work on the first any more, so it ends here.
 */
export async function leaveBegun(
  begun: string | undefined,
  now: Carried,
  services: BackfillServices,
): Promise<void> {
  if (begun === undefined || goesOn(begun, now)) return;
  if (!(await services.store.get(begun))) return;
  const message = 'the object was overwritten or deleted before its turn came';
  await end(services, begun, 'superseded', { error: 'SourceChanged', message });
}

function goesOn(begun: string, now: Carried): boolean {
  switch (now.kind) {
    case 'again':
      return now.begun === undefined || now.begun === begun;
    case 'held-back':
      return false;
    case 'large':
      return now.large.transferId === begun;
    case 'line': // whoever gave up on it has told so, or somebody else is at it
      return now.line.transferId === begun || now.line.outcome === 'failed';
  }
}
