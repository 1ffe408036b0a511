import { BudgetUsedUp } from '../errors.ts';
import type { Origin } from '../records/source-version.ts';
import type { Services } from '../services.ts';

type Asked = Pick<Services, 'budget' | 'clock' | 'observe'>;

/** What is sent begins here, if the day's budget lets it; nothing is asked where there is none. Throws BudgetUsedUp. */
export async function beginWithin({ budget, clock, observe }: Asked, bytes: number): Promise<void> {
  if (!budget || bytes === 0 || (await budget.take(bytes))) return;
  observe({ kind: 'held-back', bytes });
  const until = budget.until();
  const waitS = Math.max(1, Math.ceil((until - clock()) / 1_000));
  const when = new Date(until).toISOString();
  throw new BudgetUsedUp(`the egress budget of the day is used up: it can begin at ${when}`, {
    until,
    waitS,
  });
}

/** The same for a transfer that may be known: what is under way, or stored, is let be. A version that a deletion revived is too. */
export async function beginKnownWithin(
  services: Asked & Pick<Services, 'store'>,
  id: string,
  source: Origin,
): Promise<void> {
  if (!services.budget || (source.kind === 's3' && source.revivedBy !== undefined)) return;
  const known = await services.store.get(id);
  if (!known || known.state === 'failed' || known.state === 'cancelled')
    await beginWithin(services, source.size);
}
