import * as z from 'zod';
import type { Origin } from './source-version.ts';

/** The version of a source as the order of its target sees it. */
const owner = z.object({
  transferId: z.string(),
  /** `s3:bucket/key` or `client:key`: only versions of the same source have an order. */
  sourceName: z.string(),
  etag: z.string().optional(),
  versionId: z.string().optional(),
  sequencer: z.string().optional(),
  lastModified: z.number().optional(),
  active: z.boolean(),
  /** A single request may be under way until then, in ms since the epoch: nobody else writes before. */
  leaseUntil: z.number().optional(),
  /** The one call that may send that request: another call of the same transfer waits too. */
  holder: z.string().optional(),
});

export type Owner = z.infer<typeof owner>;

/** A COS session of ours, or the intent to open one (no `session` yet). */
const upload = z.object({
  transferId: z.string(),
  session: z.string().optional(),
  /** COS wants the slices of this session one at a time. */
  serial: z.boolean().optional(),
  openedAt: z.number(),
  /** An init was sent, or is about to be, and nobody recorded its session yet: `session` is the one before. */
  intended: z.boolean().optional(),
  /** COS closed it with a slice that arrived damaged, or that nobody confirmed: the file there must be replaced. */
  damaged: z.boolean().optional(),
  /** The file that is there is such a damaged one: each init replaces it, whatever the policy. */
  overwrites: z.boolean().optional(),
  /** It was begun anew because the whole had another SHA-1; that helps once. */
  wrongSha: z.boolean().optional(),
  /** Of the whole file, in bytes. */
  size: z.number().optional(),
  /** What was at the path before, as stat told: it must not pass for our file. */
  replaces: z
    .object({
      size: z.number(),
      sha1: z.string().optional(),
      createdAt: z.number().optional(),
      modifiedAt: z.number().optional(),
    })
    .optional(),
});

export type Upload = z.infer<typeof upload>;

/** What we stored at the target last. */
const storedVersion = z.object({
  transferId: z.string(),
  sourceName: z.string(),
  etag: z.string().optional(),
  size: z.number(),
});

/** A session that a transfer of ours opened when it had lost the target already; unnamed if it never told. */
const stray = z.object({ session: z.string().optional(), size: z.number() });

export type Stray = z.infer<typeof stray>;

/** The lock and the order of one target. */
export const targetRecord = z.object({
  name: z.string(),
  owner,
  upload: upload.optional(),
  stored: storedVersion.optional(),
  /** Who owned the target before may have written to it without living to say so: `stored` tells nothing then. */
  unsure: z.boolean().optional(),
  strays: z.array(stray).optional(),
  /** True after a mirrored deletion: `owner` then is the deletion. */
  deleted: z.boolean().optional(),
  revision: z.number().int(),
});

export type TargetRecord = z.infer<typeof targetRecord>;

type Named =
  | Pick<Extract<Origin, { kind: 's3' }>, 'kind' | 'bucket' | 'key'>
  | Pick<Extract<Origin, { kind: 'client' }>, 'kind' | 'key'>;

export const sourceName = (source: Named): string =>
  source.kind === 's3' ? `s3:${source.bucket}/${source.key}` : `client:${source.key}`;
