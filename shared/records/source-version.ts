import * as z from 'zod';

/**
 * The version an id names, if it names one: a bucket that keeps no versions says `null` of each overwrite, and other senders
 * say nothing.
 */
export const identifyingVersion = (versionId: string | undefined): string | undefined =>
  versionId === '' || versionId === 'null' ? undefined : versionId;

/** One version of an S3 object. `sequencer` as the event gave it. */
const s3Origin = z.object({
  kind: z.literal('s3'),
  bucket: z.string(),
  key: z.string(),
  versionId: z.string().optional(),
  etag: z.string(),
  size: z.number().int().nonnegative(),
  lastModified: z.number(),
  sequencer: z.string().optional(),
  /** The sequencer of the deletion that made this version the current one again. */
  revivedBy: z.string().optional(),
  /**
   * A listing named it, no event did: without a sequencer it stands before every event of the same moment. The text tells
   * one claim of a version from the next.
   */
  listed: z.string().optional(),
  sha1: z.string().optional(),
});
/** Bytes that a client of the HTTP API sends itself. `key` tells one upload of a target from the next. */
const clientOrigin = z.object({
  kind: z.literal('client'),
  key: z.string(),
  size: z.number().int().nonnegative(),
  sha1: z.string().optional(),
});
export const origin = z.discriminatedUnion('kind', [s3Origin, clientOrigin]);
export type S3Origin = z.infer<typeof s3Origin>;
export type Origin = z.infer<typeof origin>;

const pairs = z.array(z.tuple([z.string(), z.string()]));
/** Pairs, because a name like `constructor` makes a map that DynamoDB's client refuses. Records of before have a map. */
const userMetadata = z.union([
  pairs,
  z.record(z.string(), z.string()).transform((record): z.infer<typeof pairs> => Object.entries(record)),
]);

/** The headers that readers of an object get in S3. */
export const sourceMetadata = z.object({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentEncoding: z.string().optional(),
  /** The `x-amz-meta-*` by their names without that prefix. */
  user: userMetadata,
  /** What the object has and is not carried over, by name. */
  notCarried: z.array(z.string()).default([]),
});
export type SourceMetadata = z.infer<typeof sourceMetadata>;
