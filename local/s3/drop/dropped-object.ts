import type { BigIntStats } from 'node:fs';
import { versionOf } from '../folder/stored-object.ts';

/** An object as its event tells of it. */
export type DroppedObject = {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  /** Without quotes: events carry it so, answers to HEAD and GET with them. */
  readonly etag: string;
  /** Orders what was dropped under one key: the later is the greater string. */
  readonly sequencer: string;
};

export function describeDrop(bucket: string, key: string, stats: BigIntStats): DroppedObject {
  const { size, etag } = versionOf(stats);
  return { bucket, key, size, etag: etag.replaceAll('"', ''), sequencer: nextSequencer(bucket, key, stats) };
}

/** The latest of each object, those told of last at the end. */
const latest = new Map<string, bigint>();
/** Only one that changes twice within a tick of the file system's clock needs its last one. */
const REMEMBERED = 10_000;

/**
 * Hex digits of equal count, strictly growing for each object in this process. Taken from the inode's change time, which
 * unlike the modification time no `cp -p` sets back. A restart finds it again: files that changed in the same tick share it.
 */
function nextSequencer(bucket: string, key: string, { ctimeNs }: BigIntStats): string {
  const object = JSON.stringify([bucket, key]);
  const before = latest.get(object);
  const next = before === undefined || ctimeNs > before ? ctimeNs : before + 1n;
  latest.delete(object);
  latest.set(object, next);
  for (const oldest of latest.keys()) {
    if (latest.size <= REMEMBERED) break;
    latest.delete(oldest);
  }
  return next.toString(16).toUpperCase().padStart(18, '0');
}
