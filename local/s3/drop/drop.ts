import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../folder/object-path.ts';
import { type ObjectProperties, propertiesPath } from '../folder/properties.ts';
import { versionOf } from '../folder/stored-object.ts';
import type { SkippedEntry } from '../folder/walk-bucket.ts';
import { type DroppedObject, describeDrop } from './dropped-object.ts';
import { settledFiles } from './settled-files.ts';

type Placed = {
  readonly bucket: string;
  readonly key: string;
  readonly properties?: Omit<ObjectProperties, 'etag'> | undefined;
};

/**
 * Places an object so that a reader sees all of it or none. A string is the content, as for `writeFile`;
 * to copy a file, pass `createReadStream(path)`.
 */
export async function putFile(
  root: string,
  { bucket, key, properties }: Placed,
  source: string | Uint8Array | AsyncIterable<Uint8Array | string>,
): Promise<DroppedObject> {
  const path = objectPath(root, bucket, key);
  const propertiesFile = propertiesPath(root, bucket, key);
  const written = await writeAside(root, source);
  if (properties === undefined) await rm(propertiesFile, { force: true });
  else {
    const { etag } = versionOf(await stat(written, { bigint: true }));
    await moveTo(propertiesFile, await writeAside(root, JSON.stringify({ ...properties, etag })));
  }
  await moveTo(path, written);
  return describeDrop(bucket, key, await stat(path, { bigint: true }));
}

export type WatchOptions = {
  readonly signal: AbortSignal;
  /** Whether what lies there already counts as dropped. */
  readonly includeExisting?: boolean;
  /** How long a file must stay the same to be taken for complete. */
  readonly settleMs?: number;
  /** Told once of each thing in the folder that is no object, and why. */
  readonly onSkipped?: (entry: SkippedEntry) => void;
};

/**
 * Tells of every file that is new or other than before in the bucket's folder, once it has stopped growing.
 * The folder is looked through as a whole, because `fs.watch` loses what lands in a fresh subfolder;
 * a file event only makes the next look come sooner. Ends, and resolves, with the signal.
 */
export async function watchDrops(
  root: string,
  bucket: string,
  onObject: (object: DroppedObject) => void,
  { signal, includeExisting = false, settleMs = 200, onSkipped }: WatchOptions,
): Promise<void> {
  const folder = join(root, bucket);
  await mkdir(folder, { recursive: true });
  const files = settledFiles(folder);
  if (!includeExisting) await files.passOver();

  const bell = folderBell(folder, signal);
  while (!signal.aborted) {
    const began = performance.now();
    const { settled, pending, skipped } = await files.look();
    const lookMs = performance.now() - began;
    for (const entry of skipped) onSkipped?.(entry);
    for (const { key, stats } of settled) onObject(describeDrop(bucket, key, stats));
    if (pending === 0) await bell.rung(Math.max(IDLE_MS, LOOKS_APART * lookMs));
    await sleep(settleMs, undefined, { signal }).catch(() => undefined);
  }
}

/** How long a drop may go unnoticed where the file system sends no events. */
const IDLE_MS = 2_000;

/** A very full folder takes long to look through; it is then looked at more rarely. */
const LOOKS_APART = 20;

/** Waits for the next event in the folder, for the time given, or for the signal, whichever comes first. */
function folderBell(folder: string, signal: AbortSignal): { rung(ms: number): Promise<void> } {
  let ring = (): void => undefined;
  let hasRung = false;
  const watcher = watch(folder, { recursive: true, signal }, () => {
    hasRung = true;
    ring();
  });
  watcher.on('error', () => watcher.close()); // out of inotify watches: the regular look remains
  signal.addEventListener('abort', () => ring(), { once: true });

  return {
    rung: async (ms) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, hasRung || signal.aborted ? 0 : ms);
        ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      hasRung = false;
    },
  };
}

/** Beside the buckets, so that neither a list nor a watcher meets what is not whole yet. */
async function writeAside(root: string, content: Parameters<typeof writeFile>[1]): Promise<string> {
  const path = join(root, '.tmp', randomUUID());
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, content);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return path;
}

async function moveTo(path: string, written: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true });
    throw new Error(`${path} cannot be placed; note that a folder cannot hold both "a" and "a/b"`, {
      cause: error,
    });
  }
}
