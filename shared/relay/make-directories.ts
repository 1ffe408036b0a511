import type { CosClient } from '../cos/client.ts';
import { type CosTarget, parentDirectories, targetName } from '../cos/target.ts';

/** Directories this process made or found; only a hint, so it may be forgotten. */
const known = new Set<string>();
const KNOWN_MAX = 10_000;

/** Makes the directories above a file, outermost first; those that exist are fine. */
export async function makeDirectories(cos: CosClient, target: CosTarget, signal: AbortSignal): Promise<void> {
  for (const path of parentDirectories(target.path)) {
    const directory = { ...target, path };
    const name = targetName(directory);
    if (known.has(name)) continue;
    await cos.createDirectory(directory, signal);
    if (known.size >= KNOWN_MAX) known.clear();
    known.add(name);
  }
}

/** COS said a directory is not there: what is remembered of it is wrong. */
export function forgetDirectories(target: CosTarget): void {
  for (const path of parentDirectories(target.path)) known.delete(targetName({ ...target, path }));
}
