import type { Slice } from '../slices/slices.ts';
import type { EpochMillis } from '../time.ts';

/** An object in S3, perhaps of a given version. `key` is plain text. */
export type ObjectRef = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  /** When given, the object must still have it: then it is this very version or SourceChanged. */
  readonly etag?: string | undefined;
};

/** What S3 says about one version of an object. `etag` without quotes; `size` in bytes. */
export type PinnedObject = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly etag: string;
  readonly size: number;
  readonly lastModified: EpochMillis;
  /** Lower-case hex SHA-1 of the whole object, when S3 keeps one. */
  readonly sha1?: string | undefined;
};

/** The headers readers of the object get, and the user's `x-amz-meta-*` by their names without that prefix. */
export type ObjectMetadata = {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Pairs, because any text is a name: `constructor` and `__proto__` too. */
  readonly user: [name: string, value: string][];
  /** What the object has and a relay does not carry: `tags`, `acl`, `storage-class` … */
  readonly notCarried: string[];
};

export type Pinned = {
  readonly object: PinnedObject;
  readonly metadata: ObjectMetadata;
  /** Its bytes are in an archive: they cannot be read before they were restored. */
  readonly archived: boolean;
};

/** A version as somebody told of it: to be believed when S3 says the same. `size` in bytes, above 0. */
export type ToldObject = ObjectRef & Pick<PinnedObject, 'etag' | 'size'>;

/** A whole object, with what `pin` tells of it. */
export type Fetched = Omit<Pinned, 'archived'> & { readonly content: Uint8Array };

export type ObjectSource = {
  /** Throws SourceMissing, SourceDenied, SourceMoved, SourceChanged (when `ref.etag` no longer fits) or SourceUnavailable. */
  pin(ref: ObjectRef, signal: AbortSignal): Promise<Pinned>;
  /**
   * What `pin` and `read` do, in one request. Throws SourceChanged if it is not the very version, in the size, that was told
   * of, SourceArchived, and what `pin` throws.
   */
  fetch(told: ToldObject, signal: AbortSignal): Promise<Fetched>;
  /**
   * Yields exactly `range.length` bytes of the pinned version, in order, in chunks of any size, or throws SourceArchived and
   * what `pin` throws. A broken read goes on where it broke. Chunks are the buffers `memory` gives,
   * each filled whole; without `memory` they are new ones, the consumer's to keep.
   */
  read(object: PinnedObject, range: Slice, signal: AbortSignal, memory?: Memory): AsyncIterable<Uint8Array>;
};

/** Room for the next chunk: at least one byte, at most `left`, which is how much is still to come. */
export type Memory = (left: number) => Uint8Array | Promise<Uint8Array>;
