import * as z from 'zod';

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

/** The headers that readers of an object get in S3. */
export const sourceMetadata = z.object({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentEncoding: z.string().optional(),
  /** The `x-amz-meta-*` by their names without that prefix. */
  user: z.record(z.string(), z.string()),
});
export type SourceMetadata = z.infer<typeof sourceMetadata>;
