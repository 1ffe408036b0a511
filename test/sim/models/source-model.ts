import { SourceChanged, SourceMissing, SourceUnavailable } from '../../../shared/errors.ts';
import type { ObjectRef, ObjectSource, PinnedObject } from '../../../shared/s3/object-source.ts';
import type { Bucket, ObjectVersion } from './bucket.ts';

/** Brings a read to S3. `breaksAt`: so many bytes come, then the connection is gone. */
export type PerformRead = <T>(
  name: string,
  given: unknown,
  effect: () => T,
  signal: AbortSignal,
) => Promise<{ readonly value: T; readonly breaksAt?: number }>;

const atOnce: PerformRead = async (_, __, effect, signal) => {
  signal.throwIfAborted();
  return { value: effect() };
};

/** The contract of a source on a bucket in memory. */
export function openSourceModel(bucket: Bucket, perform: PerformRead = atOnce): ObjectSource {
  const find = (ref: ObjectRef): ObjectVersion & { bytes: Uint8Array } => {
    const name = `s3://${ref.bucket}/${ref.key}`;
    const found = ref.bucket === bucket.bucket ? bucket.find(ref.key, ref.versionId) : undefined;
    if (!found?.bytes) throw new SourceMissing(`${name} does not exist`, { absent: true });
    if (ref.etag !== undefined && ref.etag !== found.etag)
      throw new SourceChanged(`${name} changed after the relay began`);
    return { ...found, bytes: found.bytes };
  };

  return {
    async pin(ref, signal) {
      const { value } = await perform('source.pin', ref, () => pinned(ref.bucket, find(ref)), signal);
      return { object: value, metadata: { user: [], notCarried: [] }, archived: false };
    },
    async fetch(told, signal) {
      const { value, breaksAt } = await perform(
        'source.fetch',
        told,
        () => {
          const found = find(told);
          if (found.bytes.length !== told.size || found.versionId !== told.versionId)
            throw new SourceChanged(`s3://${told.bucket}/${told.key} is not what was told of it`);
          return { object: pinned(told.bucket, found), content: found.bytes };
        },
        signal,
      );
      if (breaksAt !== undefined && breaksAt < told.size)
        throw new SourceUnavailable(`the read broke off after ${breaksAt} bytes`);
      return { ...value, metadata: { user: [], notCarried: [] } };
    },
    async *read(object, { offset, length }, signal, memory) {
      const opened = await perform(
        'source.read',
        { key: object.key, offset, length },
        () => find(object).bytes,
        signal,
      );
      const bytes = opened.value.subarray(offset, offset + length);
      let at = 0;
      while (at < bytes.length) {
        const room = memory
          ? await memory(bytes.length - at)
          : new Uint8Array(Math.min(1_048_576, bytes.length - at));
        signal.throwIfAborted();
        if (opened.breaksAt !== undefined && at + room.length > opened.breaksAt)
          throw new SourceUnavailable(`the read broke off after ${opened.breaksAt} bytes`);
        room.set(bytes.subarray(at, at + room.length));
        at += room.length;
        yield room;
      }
      if (bytes.length < length) throw new SourceUnavailable(`S3 sent ${bytes.length} bytes of ${length}`);
    },
  };
}

const pinned = (bucket: string, version: ObjectVersion & { bytes: Uint8Array }): PinnedObject => ({
  bucket,
  key: version.key,
  ...(version.versionId !== undefined && { versionId: version.versionId }),
  etag: version.etag,
  size: version.bytes.length,
  lastModified: version.lastModified,
});
