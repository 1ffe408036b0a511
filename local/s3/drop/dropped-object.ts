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
  return { bucket, key, size, etag: etag.replaceAll('"', ''), sequencer: nextSequencer(stats) };
}

let latest = 0n;

/**
 * Hex digits of equal count, strictly growing in this process. Taken from the inode's change time, which
 * unlike the modification time no `cp -p` sets back, and which a restart finds again.
 */
function nextSequencer(stats: BigIntStats): string {
  latest = stats.ctimeNs > latest ? stats.ctimeNs : latest + 1n;
  return latest.toString(16).toUpperCase().padStart(18, '0');
}
