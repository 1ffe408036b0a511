import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Opened } from '../cos/client.ts';
import { BadConfig, ForeignUpload, NoProgress, SourceChanged, TargetExists } from '../errors.ts';
import type { S3Origin, SourceMetadata } from '../session/origin.ts';
import type { TargetRecord, Upload } from '../session/target-record.ts';
import {
  isActive,
  type Opening,
  type Sending,
  type Transfer,
  toAttempted,
  toSending,
} from '../session/transfer.ts';
import { SAFE_SLICE_SIZE } from '../slices/slices.ts';
import { abandonSession } from './abandon-session.ts';
import { type WholeHash, wholeHash } from './chain.ts';
import { changeTarget } from './change-target.ts';
import { claimTarget } from './claim-target.ts';
import { forgetDirectories, makeDirectories } from './directories.ts';
import { factsOf, isIdentical, isSame } from './existing.ts';
import { isNew } from './finish-upload.ts';
import { unconfirmed } from './held-slices.ts';
import { type Lease, leasedTime, letGo } from './lease.ts';
import type { RelayParts, StepTime } from './parts.ts';
import { change, type EndedOutcome, end, ended, load, SUPERSEDED } from './step.ts';
import { DIRECT_LEASE_MS, type Direct, uploadDirect } from './upload-direct.ts';

/** What the machine starts with; `reopens` counts the ways back to here. */
export const openInput = z.object({
  transferId: z.string(),
  reopens: z.number().int().default(0),
  windowsUsed: z.number().int().default(0),
});
export type OpenInput = z.infer<typeof openInput>;

export type OpenOutcome =
  | EndedOutcome
  // unhashed: the SHA-1 of the whole is wanted first
  | (OpenInput & { readonly kind: 'session' | 'unfinished' | 'unhashed' })
  | (OpenInput & {
      readonly kind: 'stored';
      readonly how: 'direct' | 'instant' | 'skipped';
      /** The source's, when the step had all its bytes in hand. */
      readonly sha1?: string;
    });

/** A session may be lost so often before somebody must look. */
const MAX_REOPENS = 8;

/** Pins the source, takes the target, opens the upload. */
export async function openUpload(input: OpenInput, parts: RelayParts, time: StepTime): Promise<OpenOutcome> {
  const { transferId } = input;
  const reopens = input.reopens + 1;
  if (reopens > MAX_REOPENS)
    throw new NoProgress(`the upload was opened ${MAX_REOPENS} times and lost each time`);
  const loaded = await load(parts, transferId);
  if (!isActive(loaded)) return ended(loaded);
  const metadata = await stillThere(loaded, parts, time);
  const attempted = (from: Begun) => toAttempted(from, parts.clock(), metadata && { metadata });
  const begun = await change(parts, transferId, attempted, loaded);
  if (begun.state !== 'opening' && begun.state !== 'sending') return ended(begun);

  const small = begun.source.kind === 's3' && begun.source.size <= parts.settings.smallObjectMax;
  const lease = small ? { ms: DIRECT_LEASE_MS, holder: randomUUID() } : undefined;
  const claim = await claimTarget(parts, begun, time, lease);
  if (claim.kind === 'older') return drop(parts, begun);

  const opened = lease
    ? await direct(begun, claim.record, lease, parts, time)
    : await open(begun, claim.record, parts, time);
  if (opened.kind === 'ended') return ended(await load(parts, transferId));
  const passed = { transferId, reopens, windowsUsed: input.windowsUsed };
  return opened.kind === 'stored' ? { ...passed, ...opened } : { ...passed, kind: opened.kind };
}

type Begun = Opening | Sending;
type Step =
  | { readonly kind: 'session' | 'unfinished' | 'unhashed' | 'ended' }
  | { readonly kind: 'stored'; readonly how: 'instant' | 'skipped' };

/** What S3 tells readers of the object. Throws SourceChanged if it is no longer the version of the transfer. */
async function stillThere(
  transfer: Begun,
  parts: RelayParts,
  time: StepTime,
): Promise<SourceMetadata | undefined> {
  if (transfer.source.kind !== 's3') return undefined;
  const { object, metadata } = await parts.source.pin(transfer.source, time.signal);
  if (object.size !== transfer.source.size) throw changed(transfer.source);
  return metadata;
}

/** The lease stays until FinishUpload has proven the file; another try of this step may take it up at once. */
async function direct(
  transfer: Begun,
  record: TargetRecord,
  lease: Lease,
  parts: RelayParts,
  time: StepTime,
): Promise<Direct> {
  try {
    return await uploadDirect(transfer, record, parts, leasedTime(time, lease.ms));
  } catch (error) {
    await letGo(parts, transfer, lease.holder, error);
    throw error;
  }
}

const changed = ({ bucket, key }: S3Origin) =>
  new SourceChanged(`s3://${bucket}/${key} changed after the relay began`);

async function drop(parts: RelayParts, transfer: Begun): Promise<EndedOutcome> {
  return ended(await end(parts, transfer.id, 'superseded', SUPERSEDED));
}

async function open(transfer: Begun, record: TargetRecord, parts: RelayParts, time: StepTime): Promise<Step> {
  const whole = await wholeHash(transfer, parts);
  if (whole.kind === 'unhashed') return whole;

  const there = await parts.cos.stat(transfer.target, time.signal);
  if (await isClosed(transfer, record, there, parts)) return { kind: 'unfinished' }; // the list tells that it is not
  const intended = await intend(transfer, there, parts);
  if (!intended) return { kind: 'ended' };
  const insertOnly = transfer.options.onExisting !== 'overwrite' && !intended.upload?.overwrites;
  const opened = await init(transfer, insertOnly, whole, parts, time);
  if (opened.kind === 'exists') return overExisting(transfer, record, whole, parts, time);
  return opening(transfer, opened, whole.kind === 'hash', parts, time);
}

/**
 * Whether our own session became the file that is there: COS held or confirmed all of it, and this file was not there
 * when it was opened. Another execution may have closed it, or a finish whose answer was lost.
 */
async function isClosed(
  transfer: Begun,
  record: TargetRecord,
  there: There,
  parts: RelayParts,
): Promise<boolean> {
  const { upload, stored } = record;
  const { size } = transfer.source;
  if (there.kind !== 'file' || there.size !== size || there.received !== size) return false;
  if (!upload && stored?.transferId === transfer.id) return true; // proven, and about to be written down
  if (transfer.state !== 'sending' || upload?.transferId !== transfer.id || upload.damaged) return false;
  if (!isNew(there, record)) return false;
  return transfer.heldBytes === size || (await unconfirmed(transfer, parts)).length === 0;
}

type There = Awaited<ReturnType<RelayParts['cos']['stat']>>;

/** Says in the table that a session is about to be opened, and what is at the path now. */
async function intend(transfer: Begun, there: There, parts: RelayParts): Promise<TargetRecord | undefined> {
  return changeTarget(parts, transfer, (from) => {
    const mine: Upload | undefined = from.upload?.transferId === transfer.id ? from.upload : undefined;
    const { size } = transfer.source;
    const upload: Upload = mine ?? { transferId: transfer.id, openedAt: parts.clock(), size };
    // an unfinished upload answers stat too, with fewer bytes than it will have: nothing to be mistaken for
    const replaces = there.kind === 'file' && there.received === there.size ? factsOf(there) : undefined;
    const overwrites = Boolean(upload.overwrites || upload.damaged);
    return { ...from, upload: { ...upload, intended: true, overwrites, ...(replaces && { replaces }) } };
  });
}

/** A file is there: leave it if it is this version, replace it or fail by policy. */
async function overExisting(
  transfer: Begun,
  record: TargetRecord,
  whole: WholeHash,
  parts: RelayParts,
  time: StepTime,
): Promise<Step> {
  const file = await parts.cos.stat(transfer.target, time.signal);
  const known = knowing(transfer, whole);
  if (transfer.options.onExisting === 'fail' && !(file.kind === 'file' && isIdentical(file, known))) {
    throw new TargetExists(`${transfer.target.bucket}/${transfer.target.path} exists already`);
  }
  if (file.kind === 'file' && isSame(file, known, record)) return { kind: 'stored', how: 'skipped' };
  const opened = await init(transfer, false, whole, parts, time);
  return opening(transfer, opened, whole.kind === 'hash', parts, time);
}

const knowing = (transfer: Begun, whole: WholeHash): Begun =>
  whole.kind === 'hash' ? { ...transfer, source: { ...transfer.source, sha1: whole.sha1 } } : transfer;

/** One init, with its two expected detours, in any order: the directory is missing, the slice size is refused. */
async function init(
  transfer: Begun,
  insertOnly: boolean,
  whole: WholeHash,
  parts: RelayParts,
  time: StepTime,
): Promise<Opened> {
  const { size } = transfer.source;
  const chain = whole.kind === 'hash' ? { whole: { sha1: whole.sha1, uploadParts: whole.uploadParts } } : {};
  const ask = (sliceSize: number) =>
    parts.cos.open(transfer.target, { size, sliceSize, insertOnly, ...chain }, time.signal);
  let { sliceSize } = transfer.options;
  let made = false;
  for (;;) {
    const opened = await ask(sliceSize);
    if (opened.kind === 'no-directory' && !made) {
      forgetDirectories(transfer.target);
      await makeDirectories(parts.cos, transfer.target, time.signal);
      made = true;
    } else if (opened.kind === 'slice-size-refused' && sliceSize !== SAFE_SLICE_SIZE) {
      if (whole.kind === 'hash') return opened; // its chain is of the refused size: `opening` has it hashed again
      sliceSize = SAFE_SLICE_SIZE;
    } else {
      return opened;
    }
  }
}

async function opening(
  transfer: Begun,
  opened: Opened,
  withSha: boolean,
  parts: RelayParts,
  time: StepTime,
): Promise<Step> {
  switch (opened.kind) {
    case 'stored':
      return { kind: 'stored', how: 'instant' };
    case 'unfinished':
      return { kind: 'unfinished' };
    case 'session':
      return (await remember(parts, transfer, opened, withSha, time))
        ? { kind: 'session' }
        : { kind: 'ended' };
    case 'exists':
      throw new ForeignUpload(`${transfer.target.path} was stored by somebody else while it was opened`);
    case 'no-directory':
      throw new BadConfig(`COS does not let the directory of ${transfer.target.path} be made`);
    case 'slice-size-refused':
      if (transfer.options.sliceSize !== SAFE_SLICE_SIZE) return cutAnew(transfer, parts);
      throw new BadConfig(
        `COS refuses slices of ${transfer.options.sliceSize} bytes and of ${SAFE_SLICE_SIZE} bytes`,
      );
  }
}

/** The transfer goes on in slices every region takes; its chain is made for them. */
async function cutAnew(transfer: Begun, parts: RelayParts): Promise<Step> {
  const now = await change(parts, transfer.id, (from) => ({
    ...from,
    options: { ...from.options, sliceSize: SAFE_SLICE_SIZE },
    revision: from.revision + 1,
  }));
  return { kind: now.state === 'opening' || now.state === 'sending' ? 'unhashed' : 'ended' };
}

type Session = Extract<Opened, { kind: 'session' }>;

/** Records the session, first at the target, then at the transfer. False, and the session abandoned, if we lost the target meanwhile. */
async function remember(
  parts: RelayParts,
  transfer: Begun,
  opened: Session,
  withSha: boolean,
  time: StepTime,
): Promise<boolean> {
  const owned = await changeTarget(parts, transfer, (from) => ({
    ...from,
    upload: {
      ...from.upload,
      intended: false,
      damaged: false,
      transferId: transfer.id,
      session: opened.session,
      serial: opened.serial,
      openedAt: parts.clock(),
      size: transfer.source.size,
    },
  }));
  if (!owned) {
    await abandonSession(parts, transfer, opened.session, time);
    await drop(parts, transfer);
    return false;
  }
  const { session, sliceSize, serial } = opened;
  const next: Transfer = await change(parts, transfer.id, (from) =>
    toSending(from, { session, sliceSize, serial, withSha }, parts.clock()),
  );
  if (next.state === 'sending') return true;
  // it is over: cancelled, superseded, or stored by another execution
  await abandonSession(parts, transfer, opened.session, time);
  return false;
}
