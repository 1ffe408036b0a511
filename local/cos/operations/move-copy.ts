import * as z from 'zod';
import type { FileRecord } from '../disk/records.ts';
import { parentOf } from '../wire/address.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { type Context, links, lockKey, needFilePath, nowSeconds, type Place } from './context.ts';
import { flag, optional, readFields } from './fields.ts';
import { provideParent } from './parents.ts';

const fields = z.object({
  dest_fileid: z.string().min(1),
  to_over_write: optional(flag).transform((value) => value ?? false),
});

/** `move` and `copy`: the bytes get a second name with all that was set on them; a move drops the first. */
export async function relocate(context: Context, call: Call): Promise<Answer> {
  const asked = readFields(fields, call.form.fields);
  const from = call.address;
  needFilePath(from);
  const to = destination(context, from, asked.dest_fileid);
  needFilePath(to);
  return bothAlone(context, from, to, async () => {
    const source = context.store.files.get(from.bucket, from.path);
    if (!source) return answerOf(-197);
    if (lockKey(from) === lockKey(to)) return asked.to_over_write ? good(links(context, to)) : answerOf(-177);
    if (!asked.to_over_write && context.store.files.get(to.bucket, to.path)) return answerOf(-177);
    await provideParent(context, to);
    await nameAnew(context, source, to, call.op === 'move' ? source.ctime : nowSeconds(context));
    if (call.op === 'move') await context.store.dropFile(source);
    return good(links(context, to));
  });
}

/**
 * `/appid/bucket/path` is absolute, `/path` starts at the bucket's root, anything else at the directory the source lies in:
 * so the JavaScript SDK's example says of both.
 */
function destination({ behaviour }: Context, from: Place, fileId: string): Place {
  const [, appId, bucket = '', path = ''] = /^\/(\d+)\/([^/]+)\/(.+)$/s.exec(fileId) ?? [];
  if (appId === behaviour.appId) {
    if (!behaviour.buckets.includes(bucket)) throw new Refused(-133);
    return { bucket, path };
  }
  if (fileId.startsWith('/')) return { bucket: from.bucket, path: fileId.slice(1) };
  return { bucket: from.bucket, path: parentOf(from.path) + fileId };
}

async function nameAnew(context: Context, source: FileRecord, to: Place, ctime: number): Promise<void> {
  const { closedSession: _, ...rest } = source;
  const dataId = await context.store.shareData(source.dataId);
  const mtime = nowSeconds(context);
  await context.store.placeFile({ ...rest, bucket: to.bucket, path: to.path, dataId, ctime, mtime });
}

/** In one order for all, so that two moves that cross do not wait for each other. */
function bothAlone<T>({ lock }: Context, one: Place, other: Place, work: () => Promise<T>): Promise<T> {
  const [first = '', second = ''] = [lockKey(one), lockKey(other)].sort();
  return lock.alone(first, () => (first === second ? work() : lock.alone(second, work)));
}
