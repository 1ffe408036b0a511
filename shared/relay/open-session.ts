import type { Opened } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { BadConfig, ForeignUpload, TargetExists } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import type { Target } from '../records/target-record.ts';
import type { Opening, Sending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { SAFE_SLICE_SIZE } from '../slices/slices.ts';
import { changeTarget } from '../target/change-target.ts';
import { onExistingFile } from '../target/recognise.ts';
import { spoiled } from '../target/upload-transitions.ts';
import { judgeInTheWay } from './closed-upload.ts';
import { forgetDirectories, makeDirectories } from './make-directories.ts';
import { recordIntent, recordSession } from './record-session.ts';
import { type WholeHash, wholeHash } from './whole-hash.ts';

export type SessionOutcome =
  | { readonly kind: 'session' | 'unfinished' | 'unhashed' | 'ended' }
  | { readonly kind: 'stored'; readonly how: 'instant' | 'skipped' };

type Begun = Opening | Sending;

/**
 * Opens a sliced upload at COS and records its session, or finds that there is no need to. Throws TargetExists,
 * ForeignUpload, BadConfig.
 */
export async function openSession(
  transfer: Begun,
  services: Services,
  time: StepTime,
): Promise<SessionOutcome> {
  const whole = await wholeHash(transfer, services);
  if (whole.kind === 'unhashed') return whole;

  const there = await services.cos.stat(transfer.target, time.signal);
  const closed = await judgeInTheWay(transfer, there, services);
  if (closed === 'over') return { kind: 'ended' };
  if (closed === 'ours') return { kind: 'unfinished' }; // the list tells that it is not
  if (closed === 'unsound') await changeTarget(services, targetName(transfer.target), spoiled(transfer.id)); // so init replaces it
  const target = await recordIntent(transfer, there, services);
  if (!target) return { kind: 'ended' };
  const begun = { transfer, target, whole };
  const insertOnly = transfer.options.onExisting !== 'overwrite' && !target.upload?.overwrite;
  const opened = await init(begun, insertOnly, services, time);
  if (opened.kind === 'exists') return overExisting(begun, services, time);
  return opening(begun, opened, services, time);
}

/** An upload that is being opened: the target as the intent left it. */
type Intended = { readonly transfer: Begun; readonly target: Target; readonly whole: WholeHash };

/** A file is there: leave it if it is this version, replace it or fail by policy. */
async function overExisting(begun: Intended, services: Services, time: StepTime): Promise<SessionOutcome> {
  const { transfer, target, whole } = begun;
  const file = await services.cos.stat(transfer.target, time.signal);
  const closed = await judgeInTheWay(transfer, file, services); // it came between the first look and the init
  if (closed === 'over') return { kind: 'ended' };
  if (closed === 'ours') return { kind: 'unfinished' };
  const replaced = async () => opening(begun, await init(begun, false, services, time), services, time);
  if (closed === 'unsound') return replaced();
  switch (onExistingFile(file, knowing(transfer, whole), target)) {
    case 'refuse':
      throw new TargetExists(`${transfer.target.bucket}/${transfer.target.path} exists already`);
    case 'leave':
      return { kind: 'stored', how: 'skipped' };
    case 'replace':
      return replaced();
  }
}

const knowing = (transfer: Begun, whole: WholeHash): Begun =>
  whole.kind === 'hash' ? { ...transfer, source: { ...transfer.source, sha1: whole.sha1 } } : transfer;

/** One init, with its two expected detours, in any order: the directory is missing, the slice size is refused. */
async function init(
  { transfer, whole }: Intended,
  insertOnly: boolean,
  services: Services,
  time: StepTime,
): Promise<Opened> {
  const { size } = transfer.source;
  const chain = whole.kind === 'hash' ? { whole: { sha1: whole.sha1, uploadParts: whole.uploadParts } } : {};
  const ask = (sliceSize: number) =>
    services.cos.open(transfer.target, { size, sliceSize, insertOnly, ...chain }, time.signal);
  let { sliceSize } = transfer.options;
  let made = false;
  for (;;) {
    const opened = await ask(sliceSize);
    if (opened.kind === 'no-directory' && !made) {
      forgetDirectories(services.cos, transfer.target);
      await makeDirectories(services.cos, transfer.target, time.signal);
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
  { transfer, target, whole }: Intended,
  opened: Opened,
  services: Services,
  time: StepTime,
): Promise<SessionOutcome> {
  switch (opened.kind) {
    case 'stored':
      return { kind: 'stored', how: 'instant' };
    case 'unfinished':
      return { kind: 'unfinished' };
    case 'session': {
      const facts = { opened, intended: target, withSha: whole.kind === 'hash' };
      return { kind: (await recordSession(transfer, facts, services, time)) ? 'session' : 'ended' };
    }
    case 'exists':
      throw new ForeignUpload(`${transfer.target.path} was stored by somebody else while it was opened`);
    case 'no-directory':
      throw new BadConfig(`COS does not let the directory of ${transfer.target.path} be made`);
    case 'slice-size-refused':
      if (transfer.options.sliceSize !== SAFE_SLICE_SIZE) return cutAnew(transfer, services);
      throw new BadConfig(
        `COS refuses slices of ${transfer.options.sliceSize} bytes and of ${SAFE_SLICE_SIZE} bytes`,
      );
  }
}

/** The transfer goes on in slices every region takes; its chain is made for them. */
async function cutAnew(transfer: Begun, services: Services): Promise<SessionOutcome> {
  const now = await change(services, transfer.id, (from) => ({
    ...from,
    options: { ...from.options, sliceSize: SAFE_SLICE_SIZE },
  }));
  return { kind: now.state === 'opening' || now.state === 'sending' ? 'unhashed' : 'ended' };
}
