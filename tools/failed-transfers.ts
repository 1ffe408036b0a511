import type { Transfer } from '../shared/records/transfer.ts';
import { keepReceipt } from '../shared/relay/prove.ts';
import { restarted, startMachine } from '../shared/transfer/register-transfer.ts';
import type { Wired } from '../shared/wiring/wiring.ts';

/** What became of a transfer that was asked to begin again. */
export type Restart =
  | { readonly kind: 'started'; readonly transfer: Transfer }
  | { readonly kind: 'left'; readonly transfer: Transfer; readonly because: string };

/**
 * Begins a failed or cancelled transfer again: a new execution, which asks COS what it holds and sends only the rest. One
 * that is stored gets its receipt written again, if the relay keeps copies.
 */
export async function restartTransfer(transfer: Transfer, services: Wired): Promise<Restart> {
  const left = (because: string): Restart => ({ kind: 'left', transfer, because });
  switch (transfer.state) {
    case 'stored':
      await keepReceipt(transfer, services, { stop: never, signal: never });
      return left('it is stored');
    case 'superseded':
      return left('a newer version took its place');
    case 'opening':
    case 'sending':
      await startMachine(transfer, services.machine); // refused under the same name if it runs already
      return left('it is running');
    case 'failed':
    case 'cancelled': {
      if (transfer.source.kind === 'client') return left('its client sends the bytes: ask there');
      const again = await restarted(transfer, services);
      await startMachine(again, services.machine);
      return { kind: 'started', transfer: again };
    }
  }
}

const never = new AbortController().signal;
