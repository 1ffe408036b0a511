import * as z from 'zod';
import type { EpochMillis } from '../time.ts';
import type { Origin } from './source-version.ts';
import { targetBefore } from './target-before.ts';

/** The version of a source as the order of its target sees it; orders versions, nothing else. */
const owner = z.object({
  transferId: z.string(),
  /** `s3:bucket/key` or `client:key`: only versions of the same source have an order. */
  sourceName: z.string(),
  etag: z.string().optional(),
  versionId: z.string().optional(),
  sequencer: z.string().optional(),
  lastModified: z.number().optional(),
  /** A listing named the version, no event did. */
  listed: z.boolean().optional(),
  /** An event told of the version, and S3 has not said yet that it can be read: this claim has no order among versions. */
  told: z.literal(true).optional(),
});
export type Owner = z.infer<typeof owner>;

/** Of a path that was claimed once, for a version that could not be read: it is as if nobody ever had. */
export const NOBODY: Owner = { transferId: '', sourceName: '' };

export const isNobody = ({ transferId }: Owner): boolean => transferId === '';

/** One request that nothing else can stop may be under way: nobody else writes before `until`, in ms since the epoch. */
const hold = z.object({
  until: z.number(),
  /** The one call that may send that request: another call of the same transfer waits too. */
  by: z.string().optional(),
  /** An op=delete may be under way: no call of the same transfer closes, proves or directly sends a file meanwhile. */
  removal: z.literal(true).optional(),
  /** What calls of the same transfer took before and have not given back, oldest first. */
  beneath: z.array(z.object({ until: z.number(), removal: z.literal(true).optional() })).optional(),
});
export type Hold = z.infer<typeof hold>;

const session = {
  session: z.string(),
  /** COS wants the slices of this session one at a time. */
  serial: z.boolean().optional(),
  openedAt: z.number(),
};
/** A session of ours as it was written down. `spoiled`: COS closed it with a slice that was damaged, or unconfirmed. */
const recordedSession = z.discriminatedUnion('state', [
  z.object({ state: z.literal('open'), ...session }),
  z.object({ state: z.literal('spoiled'), ...session }),
]);
export type RecordedSession = z.infer<typeof recordedSession>;

/** What was at the path before an upload was opened, as stat stated it: it must not pass for our file. */
const replaced = z.object({
  size: z.number(),
  sha1: z.string().optional(),
  createdAt: z.number().optional(),
  modifiedAt: z.number().optional(),
});

const uploadFacts = {
  transferId: z.string(),
  /** Of the whole file, in bytes. */
  size: z.number(),
  replaces: replaced.optional(),
  /** The file that is there is a spoiled one of ours: each init replaces it, whatever the policy. */
  overwrite: z.boolean(),
  /** COS reported another SHA-1 of the whole and all slices go again; that helps once. */
  restarted: z.boolean(),
};
/** An upload of ours by slices. */
const upload = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('opening'),
    ...uploadFacts,
    /** The attempts of the transfer whose init was sent, or is about to be, and has no answer written down yet. */
    inits: z.array(z.number()).min(1),
    /** The session that was recorded before them, or by another of them. */
    before: recordedSession.optional(),
  }),
  z.object({ state: z.literal('open'), ...uploadFacts, ...session }),
  z.object({ state: z.literal('spoiled'), ...uploadFacts, ...session }),
]);
export type Upload = z.infer<typeof upload>;

/** The file of the path as far as we wrote it. No file: no transfer of ours was here before. */
const file = z.discriminatedUnion('state', [
  /** An owner may have written there without living to say so. */
  z.object({ state: z.literal('unknown') }),
  z.object({
    state: z.literal('stored'),
    transferId: z.string(),
    sourceName: z.string(),
    etag: z.string().optional(),
    size: z.number(),
    /** As stat stated them then, in s since the epoch: another file at the path has others. */
    createdAt: z.number().optional(),
    modifiedAt: z.number().optional(),
  }),
  /** By a mirrored deletion; `transferId` is the deletion's. */
  z.object({ state: z.literal('deleted'), transferId: z.string() }),
]);
export type TargetFile = z.infer<typeof file>;
export type StoredFile = Extract<TargetFile, { state: 'stored' }>;

/** A session of ours that nobody wants any more; without a name if its init was never answered. */
const orphan = z.object({ session: z.string().optional(), size: z.number() });
export type Orphan = z.infer<typeof orphan>;

const current = z.object({
  name: z.string(),
  owner,
  /** Whether the owner still works on it. */
  active: z.boolean(),
  hold: hold.optional(),
  upload: upload.optional(),
  file: file.optional(),
  orphans: z.array(orphan),
  revision: z.number().int(),
});

/** Who may write to a path of COS, and what is there. Changed by the transitions of `shared/target` only. */
export type Target = z.infer<typeof current>;

/** Reads a target as it is written now, or as the version before wrote it. */
export const targetRecord: z.ZodType<Target> = z.union([current, targetBefore]);

/** Whether a request that nothing else can stop may be under way at that time. */
export const isHeldAt = ({ hold }: Pick<Target, 'hold'>, now: EpochMillis): boolean =>
  hold !== undefined && hold.until > now;

/** The session of an upload that is written down: the open one, or the one before an init that may be under way. */
export function recordedIn(upload: Upload | undefined): RecordedSession | undefined {
  if (!upload) return undefined;
  if (upload.state === 'opening') return upload.before;
  const { state, session, serial, openedAt } = upload;
  return { state, session, openedAt, ...(serial !== undefined && { serial }) };
}

type Named =
  | Pick<Extract<Origin, { kind: 's3' }>, 'kind' | 'bucket' | 'key'>
  | Pick<Extract<Origin, { kind: 'client' }>, 'kind' | 'key'>;

export const sourceName = (source: Named): string =>
  source.kind === 's3' ? `s3:${source.bucket}/${source.key}` : `client:${source.key}`;
