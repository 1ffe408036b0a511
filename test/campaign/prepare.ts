import { setTimeout as sleep } from 'node:timers/promises';
import { type Bed, bytesOf, outsider, sha1, targetOf } from '../kit/relay-bed.ts';
import type { CasePlan } from './plan.ts';

/** Puts in place what somebody else left at the path. */
export async function prepare({ before, size, env }: CasePlan, bed: Bed, key: string): Promise<void> {
  if (before === 'nothing') return;
  const other = outsider(bed.cos);
  const target = targetOf(key);
  const content = bytesOf(`${key} of somebody else`, size);
  await other.createDirectory(targetOf(key.slice(0, key.lastIndexOf('/') + 1)), never);
  if (before === 'older-file' && size <= 20_000_000) {
    await other.upload(target, { content, insertOnly: true, sha1: sha1(content) }, never);
    await sleep(1_001); // files of COS and objects of S3 are told apart by whole seconds
  } else if (before === 'foreign-upload') {
    const sliceSize = Number(env.SLICE_SIZE);
    const opened = await other.open(target, { size, sliceSize, insertOnly: true }, never);
    if (opened.kind === 'session' && size > opened.sliceSize) {
      const piece = content.subarray(0, opened.sliceSize);
      await other.put(target, { session: opened.session, offset: 0, content: piece }, never);
    }
  }
  await other.close();
}

const never = new AbortController().signal;
