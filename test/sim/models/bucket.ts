import { hash } from 'node:crypto';

export type ObjectVersion = {
  readonly key: string;
  readonly versionId?: string;
  readonly sequencer: string;
  readonly etag: string;
  /** In ms since the epoch, whole seconds as S3 states it. */
  readonly lastModified: number;
  /** None: a delete marker. */
  readonly bytes?: Uint8Array;
};

/** A bucket of S3 in memory, with versions or without. */
export function openBucket(bucket: string, versioned: boolean, now: () => number) {
  const keys = new Map<string, ObjectVersion[]>();
  let count = 0;

  const add = (key: string, bytes?: Uint8Array, md5?: string): ObjectVersion => {
    count += 1;
    const made = {
      key,
      sequencer: `00${(0x5f00_0000_0000 + count).toString(16).toUpperCase()}`,
      etag: md5 ?? (bytes ? hash('md5', bytes) : ''),
      lastModified: Math.floor(now() / 1_000) * 1_000,
      ...(versioned && { versionId: `version-${count}` }),
      ...(bytes && { bytes }),
    };
    keys.set(key, versioned ? [...(keys.get(key) ?? []), made] : [made]);
    return made;
  };

  const revived = new Map<string, string>();
  return {
    bucket,
    versioned,
    /** `md5`: in hex, if it is known. */
    put: (key: string, bytes: Uint8Array, md5?: string) => add(key, bytes, md5),
    /** DELETE without a version: a marker where versions are kept. */
    remove(key: string): ObjectVersion {
      if (versioned) return add(key);
      const gone = add(key);
      keys.delete(key);
      return gone;
    },
    /** DELETE of the newest version: the one before it is the current one again. The event's sequencer is its own. */
    destroyNewest(key: string): ObjectVersion | undefined {
      const versions = keys.get(key) ?? [];
      const gone = versions.at(-1);
      if (!versioned || !gone) return undefined;
      keys.set(key, versions.slice(0, -1));
      count += 1;
      const sequencer = `00${(0x5f00_0000_0000 + count).toString(16).toUpperCase()}`;
      const again = versions.at(-2)?.versionId;
      if (again !== undefined) revived.set(again, sequencer);
      return { ...gone, sequencer };
    },
    /** The sequencer of the event that made the version the current one again. */
    revivedBy: ({ versionId = '' }: ObjectVersion): string | undefined => revived.get(versionId),
    /** What a reader gets, of the newest version or of the one named; undefined for nothing and for a delete marker. */
    find(key: string, versionId?: string): ObjectVersion | undefined {
      const versions = keys.get(key) ?? [];
      const found =
        versionId === undefined
          ? versions.at(-1)
          : versions.find((version) => version.versionId === versionId);
      return found?.bytes ? found : undefined;
    },
  };
}

export type Bucket = ReturnType<typeof openBucket>;
