import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type CosTarget, targetName } from '../cos/target.ts';
import type { EpochMillis } from '../time.ts';

/** What to do with a file that is there already. skip-same: leave it if it is the same, replace it if not. */
export const onExisting = z.enum(['skip-same', 'overwrite', 'fail']);
/** What to do with an unfinished upload that is not ours. */
export const onForeignUpload = z.enum(['replace', 'fail']);
/** Whether a slice of our session that COS lists, but whose MD5 nobody confirmed, counts as held. */
export const trustListed = z.enum(['listed', 'verified']);
/** md5: each slice. sha1: each slice, and the whole file by its SHA-1 at init. */
export const integrity = z.enum(['md5', 'sha1']);

export const transferOptions = z.object({
  onExisting,
  onForeignUpload,
  trustListed,
  integrity,
  /** In bytes. */
  sliceSize: z.number().int(),
});
export type TransferOptions = z.infer<typeof transferOptions>;

const cosTarget = z.object({ region: z.string(), appId: z.string(), bucket: z.string(), path: z.string() });

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
const origin = z.discriminatedUnion('kind', [s3Origin, clientOrigin]);
export type S3Origin = z.infer<typeof s3Origin>;
export type Origin = z.infer<typeof origin>;

/** Why a transfer ended without being stored. */
const reason = z.object({
  error: z.string(),
  message: z.string(),
  wayOut: z.string().optional(),
  cosCode: z.number().optional(),
  requestId: z.string().optional(),
});
export type Reason = z.infer<typeof reason>;

/** The proof written at the end. Sizes in bytes, times in ms since the epoch. */
export const receipt = z.object({
  transferId: z.string(),
  /** sent: by slices; direct: in one request; instant: COS held the bytes; skipped: the file was there. */
  how: z.enum(['sent', 'direct', 'instant', 'skipped']),
  source: origin,
  target: cosTarget,
  session: z.string().optional(),
  sliceSize: z.number().optional(),
  slices: z.object({
    total: z.number(),
    sent: z.number(),
    alreadyHeld: z.number(),
    resent: z.number(),
    md5Verified: z.number(),
  }),
  bytes: z.object({ total: z.number(), sent: z.number() }),
  verified: z.object({
    size: z.number(),
    /** Lower-case hex; as COS states it. */
    sha1: z.string().optional(),
    sha1Matches: z.boolean().optional(),
  }),
  requestIds: z.object({ finish: z.string().optional(), stat: z.string() }),
  accessUrl: z.string().optional(),
  metadata: z.object({ set: z.array(z.string()), refused: z.array(z.string()) }).optional(),
  startedAt: z.number(),
  storedAt: z.number(),
  /** How many executions worked on it, the first one counted. */
  attempts: z.number(),
});
export type Receipt = z.infer<typeof receipt>;

/** The headers its readers get in S3. */
const metadata = z.object({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentEncoding: z.string().optional(),
  /** The `x-amz-meta-*` by their names without that prefix. */
  user: z.record(z.string(), z.string()),
});
export type SourceMetadata = z.infer<typeof metadata>;

const common = {
  id: z.string(),
  source: origin,
  target: cosTarget,
  options: transferOptions,
  /** As S3 told when the source was pinned last. */
  metadata: metadata.optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** How often an upload of it was begun or taken up again. */
  attempts: z.number().int(),
  /** Which execution works on it: part of the execution's name, so a second start of the same one is refused. */
  execution: z.number().int(),
  /** Grows with each write: the write that expects an older one loses. */
  revision: z.number().int(),
};
const opening = z.object({ ...common, state: z.literal('opening') });
const sending = z.object({
  ...common,
  state: z.literal('sending'),
  session: z.string(),
  sliceSize: z.number(),
  serial: z.boolean(),
  /** Whether init carried the SHA-1 of the whole: then each slice and finish must too. */
  withSha: z.boolean().optional(),
  /** What COS held when this attempt listed first: slices that need not be sent. */
  alreadyHeld: z.number(),
  /** What COS held when it was listed last, in bytes. */
  heldBytes: z.number(),
  listedAt: z.number(),
});
const stored = z.object({ ...common, state: z.literal('stored'), receipt });
const failed = z.object({ ...common, state: z.literal('failed'), reason });
const cancelled = z.object({ ...common, state: z.literal('cancelled'), reason });
const superseded = z.object({ ...common, state: z.literal('superseded'), reason });

export const transfer = z.discriminatedUnion('state', [
  opening,
  sending,
  stored,
  failed,
  cancelled,
  superseded,
]);
export type Transfer = z.infer<typeof transfer>;
export type TransferState = Transfer['state'];
export type Opening = z.infer<typeof opening>;
export type Sending = z.infer<typeof sending>;
export type Stored = z.infer<typeof stored>;
export type Ended = Exclude<Transfer, Opening | Sending>;
export const TRANSFER_STATES = ['opening', 'sending', 'stored', 'failed', 'cancelled', 'superseded'] as const;

/** A repeated event names the same transfer: one version of one source, one target. */
export function transferId(source: Origin, target: CosTarget): string {
  const version =
    source.kind === 's3'
      ? [
          source.bucket,
          source.key,
          source.versionId ?? [source.etag, source.sequencer ?? source.lastModified],
          ...(source.revivedBy === undefined ? [] : [source.revivedBy]),
        ]
      : ['client', source.key, source.size, source.sha1 ?? ''];
  return createHash('sha256')
    .update(JSON.stringify([version, targetName(target)]))
    .digest('hex')
    .slice(0, 40);
}

export function newTransfer(
  source: Origin,
  target: CosTarget,
  options: TransferOptions,
  now: EpochMillis,
): Opening {
  const id = transferId(source, target);
  return {
    id,
    source,
    target,
    options,
    createdAt: now,
    updatedAt: now,
    attempts: 0,
    execution: 1,
    revision: 1,
    state: 'opening',
  };
}

export type SessionFacts = Pick<Sending, 'session' | 'sliceSize' | 'serial' | 'withSha'>;

/** From `sending` too: a lost session is replaced by a new one. */
export const toSending = (from: Opening | Sending, facts: SessionFacts, now: EpochMillis): Sending => ({
  ...basis(from, now),
  ...facts,
  state: 'sending',
  alreadyHeld: 0,
  heldBytes: 0,
  listedAt: now,
});

export type HeldFacts = Partial<Pick<Sending, 'alreadyHeld'>> & Pick<Sending, 'heldBytes'>;

export const toListed = (from: Sending, facts: HeldFacts, now: EpochMillis): Sending => ({
  ...from,
  ...basis(from, now),
  ...facts,
  listedAt: now,
});

/** Another execution, or the same one after a lost session, takes the upload up. */
export const toAttempted = <T extends Opening | Sending>(
  from: T,
  now: EpochMillis,
  facts: { readonly metadata?: SourceMetadata } = {},
): T => ({
  ...from,
  ...basis(from, now),
  ...facts,
  attempts: from.attempts + 1,
});

export const toStored = (from: Opening | Sending, proof: Receipt, now: EpochMillis): Stored => ({
  ...basis(from, now),
  state: 'stored',
  receipt: proof,
});

export type UnhappyState = 'failed' | 'cancelled' | 'superseded';

export const toEnded = (
  from: Opening | Sending,
  state: UnhappyState,
  why: Reason,
  now: EpochMillis,
): Ended => ({
  ...basis(from, now),
  state,
  reason: why,
});

/** Only what failed, or was cancelled, can be tried again; a stored transfer stays stored. */
export const toRestarted = (from: Ended & { state: 'failed' | 'cancelled' }, now: EpochMillis): Opening => ({
  ...basis(from, now),
  state: 'opening',
  execution: from.execution + 1,
});

/** The `sha1` that requests of the session carry: COS wants it always or never (-29094). */
export function sessionSha({ source, options, ...from }: Opening | Sending): { readonly sha1?: string } {
  const carried = from.state === 'sending' ? from.withSha : undefined;
  const wanted = carried ?? options.integrity === 'sha1';
  return wanted && source.sha1 !== undefined ? { sha1: source.sha1 } : {};
}

export const isActive = (of: Transfer): of is Opening | Sending =>
  of.state === 'opening' || of.state === 'sending';

function basis(from: Transfer, now: EpochMillis) {
  const { id, source, target, options, metadata, createdAt, attempts, execution, revision } = from;
  return {
    ...(metadata && { metadata }),
    id,
    source,
    target,
    options,
    createdAt,
    attempts,
    execution,
    updatedAt: now,
    revision: revision + 1,
  };
}
