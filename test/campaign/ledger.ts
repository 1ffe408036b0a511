import type { Finished, FinishRequest, PutRequest } from '../../shared/cos/client.ts';
import type { WindowRecord } from '../../shared/records/store.ts';
import type { Operation } from '../kit/mortal.ts';

type Promised = { readonly offset: number; readonly end: number; readonly at: number };

/**
 * Watches that no slice goes out again whose confirmation was in the table before the sending was planned. A plan is
 * made when ListSlices begins, or when a worker is called again for its window. A session that COS refused to finish for
 * a gap is free: there COS took its word back.
 */
export function openLedger() {
  const promised = new Map<string, Promised[]>();
  const gaps = new Set<string>();
  const violations: string[] = [];
  let now = 0;
  let listedAt = 0;

  return {
    violations: violations as readonly string[],
    /** A function begins; what it says is what the plan of its slices was made at. */
    begins(state: string, input: string): number {
      now += 1;
      if (state === 'ListSlices') listedAt = now;
      const again = state === 'UploadSlices' && (JSON.parse(input).retries ?? 0) > 0;
      return again ? now : listedAt;
    },
    before({ name, given }: Operation, plannedAt: number): void {
      if (name !== 'cos.put') return;
      const { session, offset } = given[1] as PutRequest;
      if (gaps.has(session)) return;
      const known = promised
        .get(session)
        ?.some((one) => one.offset <= offset && offset < one.end && one.at < plannedAt);
      if (known) violations.push(`the slice at ${offset} was confirmed in the table and was sent again`);
    },
    after({ name, given }: Operation, result: unknown): void {
      now += 1;
      if (name === 'cos.finish' && (result as Finished).kind === 'gap') {
        gaps.add((given[1] as FinishRequest).session);
      }
      if (name !== 'store.addWindow') return;
      const { session, confirmed } = given[1] as WindowRecord;
      const before = promised.get(session) ?? [];
      const more = confirmed.map(({ offset, length }) => ({ offset, end: offset + length, at: now }));
      promised.set(session, [...before, ...more]);
    },
  };
}
