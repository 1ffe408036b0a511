import type { CosClient } from '../cos/client.ts';
import { type CosTarget, parentDirectories, targetName } from '../cos/target.ts';

/** Directories that were made or found by way of a client; only a hint, so it may be forgotten. */
const known = new WeakMap<CosClient, Set<string>>();
const KNOWN_MAX = 10_000;

function knownTo(cos: CosClient): Set<string> {
  const names = known.get(cos) ?? new Set();
  known.set(cos, names);
  return names;
}

/** Makes the directories above a file, outermost first; those that exist are fine. */
export async function makeDirectories(cos: CosClient, target: CosTarget, signal: AbortSignal): Promise<void> {
  const names = knownTo(cos);
  for (const path of parentDirectories(target.path)) {
    const directory = { ...target, path };
    const name = targetName(directory);
    if (names.has(name)) continue;
    await cos.createDirectory(directory, signal);
    if (names.size >= KNOWN_MAX) names.clear();
    names.add(name);
  }
}

/** COS said a directory is not there: what is remembered of it is wrong. */
export function forgetDirectories(cos: CosClient, target: CosTarget): void {
  const names = knownTo(cos);
  for (const path of parentDirectories(target.path)) names.delete(targetName({ ...target, path }));
}
