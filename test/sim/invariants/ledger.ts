import type { Finished, FinishRequest, PutRequest } from '../../../shared/cos/client.ts';
import type { WindowRecord } from '../../../shared/records/store.ts';
import type { Violation } from '../run.ts';
import type { Operation } from '../scheduler.ts';

type Promised = { readonly offset: number; readonly end: number; readonly at: number };

/**
 * What was confirmed in the table before a Lambda's work was planned is not sent again in its session. A session that COS
 * refused to finish for a gap is free: there COS took its word back. Two executions know nothing of each other's plans: then
 * nothing is checked.
 */
export function openLedger(isAlone: boolean) {
  const promised = new Map<string, Promised[]>();
  const free = new Set<string>();
  let now = 0;

  return {
    now: () => now,
    before({ name, given, life }: Operation, plannedAt: number): Violation | undefined {
      if (!isAlone || name !== 'cos.put' || life.about.startsWith('c')) return undefined; // a client may send what it likes
      const { session, offset } = given as PutRequest; // the contract's argument
      const known = promised
        .get(session)
        ?.some((one) => one.offset <= offset && offset < one.end && one.at <= plannedAt);
      if (!known || free.has(session)) return undefined;
      const text = `${life.name} sends the slice at ${offset} again, which was confirmed in the table`;
      return { invariant: 'what was confirmed is not sent again', text };
    },
    after({ name, given }: Operation, result: unknown): void {
      now += 1;
      if (name === 'cos.finish' && (result as Finished).kind === 'gap')
        free.add((given as FinishRequest).session);
      if (name !== 'store.addWindow') return;
      const { session, confirmed, damaged } = given as WindowRecord;
      if (damaged) free.add(session); // what another sent again may have damaged what was confirmed
      const more = confirmed.map(({ offset, length }) => ({ offset, end: offset + length, at: now }));
      promised.set(session, [...(promised.get(session) ?? []), ...more]);
    },
  };
}
