import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type CosTarget, cosTarget, targetName } from '../cos/target.ts';
import type { EpochMillis } from '../time.ts';
import { type Reason, reason } from './end-reason.ts';
import { type Receipt, receipt } from './receipt.ts';
import {
  identifyingVersion,
  type Origin,
  origin,
  type SourceMetadata,
  sourceMetadata,
} from './source-version.ts';
import { type TransferOptions, transferOptions } from './transfer-options.ts';

const common = {
  id: z.string(),
  /** Who began it over the API; nobody for what an event began. */
  caller: z.string().optional(),
  source: origin,
  target: cosTarget,
  options: transferOptions,
  /** As S3 stated it when the source was pinned last. */
  metadata: sourceMetadata.optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** How often an upload of it was begun or taken up again. */
  attempts: z.number().int(),
  /** One request did not get through in time: it goes in slices, however small it is. */
  inSlices: z.literal(true).optional(),
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

/** On whose behalf a transfer is begun. With a `seal` nobody outside can compute its id, and each caller has its own. */
export type Beginner = { readonly caller: string; readonly seal?: string };

/** A repeated event names the same transfer: one version of one source, one target, and whose it is where callers are strangers. */
export function transferId(source: Origin, target: CosTarget, begunBy?: Beginner): string {
  const version =
    source.kind === 's3'
      ? [
          source.bucket,
          source.key,
          identifyingVersion(source.versionId) ?? [source.etag, source.sequencer ?? source.lastModified],
          ...(source.revivedBy === undefined ? [] : [source.revivedBy]),
          ...(source.listed === undefined ? [] : ['listed', source.listed]),
        ]
      : ['client', source.key, source.size, source.sha1 ?? ''];
  const mark = begunBy?.seal === undefined ? [] : [begunBy.caller, begunBy.seal];
  return createHash('sha256')
    .update(JSON.stringify([version, targetName(target), ...mark]))
    .digest('hex')
    .slice(0, 40);
}

export const newTransfer = (
  source: Origin,
  target: CosTarget,
  options: TransferOptions,
  now: EpochMillis,
): Opening => ({
  id: transferId(source, target),
  source,
  target,
  options,
  createdAt: now,
  updatedAt: now,
  attempts: 0,
  execution: 1,
  revision: 1,
  state: 'opening',
});

/** The same, begun by a caller of the API. */
export const onBehalfOf = (of: Opening, begunBy: Beginner): Opening => ({
  ...of,
  id: transferId(of.source, of.target, begunBy),
  caller: begunBy.caller,
});

export type SessionFacts = Pick<Sending, 'session' | 'sliceSize' | 'serial' | 'withSha'>;

/** From `sending` too: a lost session is replaced by a new one. */
export const toSending = (from: Opening | Sending, facts: SessionFacts, now: EpochMillis): Sending => ({
  ...basis(from),
  ...facts,
  state: 'sending',
  alreadyHeld: 0,
  heldBytes: 0,
  listedAt: now,
});

/** Another call wrote down a session since the transfer was read as `known`: neither that one nor this one. */
export const hasMovedOn = (from: Transfer, known: Transfer, session: string): boolean =>
  from.state === 'sending' &&
  from.session !== session &&
  !(known.state === 'sending' && known.session === from.session);

export type HeldFacts = Partial<Pick<Sending, 'alreadyHeld'>> & Pick<Sending, 'heldBytes'>;

export const toListed = (from: Sending, facts: HeldFacts, now: EpochMillis): Sending => ({
  ...from,
  ...basis(from),
  ...facts,
  listedAt: now,
});

/** Another execution, or the same one after a lost session, takes the upload up. */
export const toAttempted = <T extends Opening | Sending>(
  from: T,
  facts: { readonly metadata?: SourceMetadata } = {},
): T => ({
  ...from,
  ...basis(from),
  ...facts,
  attempts: from.attempts + 1,
});

/** One request did not carry the object; `sha1` is of its bytes, should that request arrive after all. */
export const toInSlices = (from: Opening | Sending, sha1: string): Opening | Sending => ({
  ...from,
  source: { ...from.source, sha1 },
  inSlices: true,
});

export const toStored = (from: Opening | Sending, proof: Receipt): Stored => ({
  ...basis(from),
  state: 'stored',
  receipt: proof,
});

/** The transfer with the place among the versions that `told` has and it has not: the very object if there is none. */
export function inSequence<T extends Transfer>(from: T, told: Origin): T {
  const { source } = from;
  if (source.kind !== 's3' || told.kind !== 's3') return from;
  if (source.sequencer !== undefined || told.sequencer === undefined) return from;
  return { ...from, source: { ...source, sequencer: told.sequencer } };
}

export type UnhappyState = 'failed' | 'cancelled' | 'superseded';

export const toEnded = (from: Opening | Sending, state: UnhappyState, why: Reason): Ended => ({
  ...basis(from),
  state,
  reason: why,
});

/** Only what failed, or was cancelled, can be tried again; a stored transfer stays stored. */
export const toRestarted = (from: Ended & { state: 'failed' | 'cancelled' }): Opening => ({
  ...basis(from),
  state: 'opening',
  execution: from.execution + 1,
});

/** The `sha1` that requests of the session carry: COS wants it in all of them or in none. */
export function sessionSha({ source, options, ...from }: Opening | Sending): { readonly sha1?: string } {
  const carried = from.state === 'sending' ? from.withSha : undefined;
  const wanted = carried ?? options.integrity === 'sha1';
  return wanted && source.sha1 !== undefined ? { sha1: source.sha1 } : {};
}

export const isActive = (of: Transfer): of is Opening | Sending =>
  of.state === 'opening' || of.state === 'sending';

/** `revision` and `updatedAt` are raised by whoever writes the record. */
function basis(from: Transfer) {
  const { id, caller, source, target, options, metadata, inSlices } = from;
  const { createdAt, updatedAt, attempts, execution, revision } = from;
  return {
    ...(caller !== undefined && { caller }),
    ...(metadata && { metadata }),
    ...(inSlices && { inSlices }),
    id,
    source,
    target,
    options,
    createdAt,
    attempts,
    execution,
    updatedAt,
    revision,
  };
}
