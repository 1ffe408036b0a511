import type { CosEndpoint } from '../../local/cos/endpoint.ts';

/** The folder was missing: it is made, and the file goes once more. */
const NO_DIRECTORY = -197;

/**
 * Bytes go again only after a fault, or when a process was killed since: of each kill no more than what was in flight.
 * `killed` tells where in the log, `most` how many that is.
 */
export function repeatsIn(
  log: CosEndpoint['log'],
  killed: readonly number[],
  most: number,
): { readonly sentAgain: number; readonly unasked: string[] } {
  const last = new Map<string, { readonly at: number; readonly fault: boolean }>();
  const byKill = killed.map(() => 0);
  const unasked: string[] = [];
  let sentAgain = 0;
  for (const [at, { op, path, offset = 0, fault, code }] of log.entries()) {
    if (op !== 'upload' && op !== 'upload_slice_data') continue;
    const name = `${path} at ${offset}`;
    const before = last.get(name);
    last.set(name, { at, fault: fault !== undefined || code === NO_DIRECTORY });
    if (!before) continue;
    sentAgain += 1;
    const kill = killed.findIndex((where) => before.at < where && at >= where);
    if (kill >= 0) byKill[kill] = (byKill[kill] ?? 0) + 1;
    else if (!before.fault) unasked.push(`${name} was sent again without a reason`);
  }
  const tooMany = byKill
    .filter((count) => count > most)
    .map((count) => `a kill cost ${count} requests, at most ${most}`);
  return { sentAgain, unasked: [...unasked, ...tooMany] };
}
