import { createHash } from 'node:crypto';
import type { Uploaded } from '../cos/client.ts';
import { CosRefused, CosUnavailable, ForeignUpload, SourceUnavailable, TargetExists } from '../errors.ts';
import { change } from '../records/change-transfer.ts';
import type { S3Origin } from '../records/source-version.ts';
import type { Target } from '../records/target-record.ts';
import { type Opening, type Sending, type Transfer, toInSlices } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { SAFE_SLICE_SIZE } from '../slices/slices.ts';
import { onExistingFile, whoseUpload } from '../target/recognise.ts';
import { forgetDirectories, makeDirectories } from './make-directories.ts';
import type { Claimed } from './prove.ts';

/**
 * A direct upload has no session that could be taken away, so while it may be under way nobody else writes to its
 * target, in ms. Whoever sends it stops some time before.
 */
export const DIRECT_HOLD_MS = 120_000;

export type Direct = { readonly kind: 'stored'; readonly how: 'direct' | 'skipped'; readonly sha1: string };

/** One request did not carry the object within its time, and slices may: each of them needs only a part of it. */
class NotThrough extends CosUnavailable {
  readonly sha1: string;
  constructor(sha1: string, cause: unknown) {
    super('one request did not carry the object in time', { cause });
    this.sha1 = sha1;
  }
}

/** An object that fits a slice or two gains nothing by slices. */
const canBeSliced = ({ size }: S3Origin): boolean => size > SAFE_SLICE_SIZE;

/** Has the transfer go in slices from now on, if that is what the trouble asks for; undefined if it is not. */
export async function turnToSlices(
  transfer: Opening | Sending,
  error: unknown,
  services: Services,
): Promise<Transfer | undefined> {
  if (!(error instanceof NotThrough)) return undefined;
  services.log.warn('one request did not carry the object in time: it goes in slices', {
    transferId: transfer.id,
    bytes: transfer.source.size,
  });
  return change(services, transfer.id, (from) => toInSlices(from, error.sha1), { known: transfer });
}

/**
 * A small object in one request (op=upload), read whole; the same policies as for a large one. What `turnToSlices` knows is
 * thrown when COS gave no answer in time.
 */
export async function uploadDirect(
  transfer: Opening | Sending,
  target: Target,
  services: Services,
  time: StepTime,
): Promise<Direct> {
  if (transfer.source.kind !== 's3') throw new TypeError('only an S3 object is uploaded directly');
  const content = await readWhole(transfer.source, services, time);
  return sendDirect(transfer, { target, source: transfer.source, content }, services, time);
}

/** What goes where: bytes that were read whole while the target was held. */
export type ReadWhole = {
  readonly target: Target;
  readonly source: S3Origin;
  readonly content: Uint8Array;
};

/** The same, of bytes that were read already. */
export async function sendDirect(
  transfer: Opening | Sending,
  { target, source, content }: ReadWhole,
  services: Services,
  time: StepTime,
): Promise<Direct> {
  const sha1 = createHash('sha1').update(content).digest('hex');
  // COS states the sha of what it stored, so from here on the whole file can be compared
  const known = { ...transfer, source: { ...source, sha1 } };
  const begun = { transfer: known, target };

  const { onExisting } = transfer.options;
  const sliceable = canBeSliced(source);
  const signal = sliceable ? time.stop : time.signal; // time is left to hand it over
  const send = (insertOnly: boolean) =>
    services.cos.upload(transfer.target, { content, insertOnly, sha1 }, signal).catch((error: unknown) => {
      const silent = error instanceof CosUnavailable && error.cosCode === undefined;
      throw sliceable && (silent || signal.aborted) ? new NotThrough(sha1, error) : error;
    });
  // a file of ours that is another version need not be met with a refusal first
  const replaces = (onExisting === 'skip-same' || onExisting === 'skip-same-size') && isOther(target, source);
  const insertOnly = onExisting !== 'overwrite' && !replaces;
  const first = await detours(begun, () => send(insertOnly), services, time);
  if (first.kind === 'stored') return { kind: 'stored', how: 'direct', sha1 };
  const file = await services.cos.stat(transfer.target, time.signal);
  const existing = onExistingFile(file, known, target);
  if (existing === 'leave') return { kind: 'stored', how: 'skipped', sha1 };
  if (existing === 'refuse')
    throw new TargetExists(`${transfer.target.bucket}/${transfer.target.path} exists already`);
  const second = await detours(begun, () => send(false), services, time);
  if (second.kind === 'stored') return { kind: 'stored', how: 'direct', sha1 };
  throw new CosRefused(`COS says ${transfer.target.path} exists although it may be replaced`, {
    wayOut: 'look at the file in COS',
  });
}

const isOther = ({ file }: Target, source: S3Origin): boolean =>
  file?.state === 'stored' && (file.etag !== source.etag || file.size !== source.size);

/** The detours of one request: a missing directory is made, an unfinished upload in the way is removed by policy. */
async function detours(
  { transfer, target: claimed }: Claimed,
  send: () => Promise<Uploaded>,
  { cos }: Services,
  { signal }: StepTime,
): Promise<Extract<Uploaded, { kind: 'stored' | 'exists' }>> {
  const { target, options } = transfer;
  for (let tries = 1; tries <= 3; tries += 1) {
    const uploaded = await send();
    switch (uploaded.kind) {
      case 'stored':
      case 'exists':
        return uploaded;
      case 'no-directory':
        forgetDirectories(cos, target);
        await makeDirectories(cos, target, signal);
        break;
      case 'unfinished': {
        const listed = await cos.list(target, signal);
        if (listed.kind !== 'unfinished') break;
        if (options.onForeignUpload === 'fail' && whoseUpload(listed, transfer, claimed) === 'foreign') {
          throw new ForeignUpload(
            `${target.bucket}/${target.path} has an unfinished upload that is not ours`,
          );
        }
        await cos.remove(target, signal);
      }
    }
  }
  throw new ForeignUpload(`${target.bucket}/${target.path} is opened by somebody else again and again`);
}

/** Throws SourceChanged and its kin; resolves with exactly the pinned bytes. */
async function readWhole(source: S3Origin, services: Services, time: StepTime): Promise<Uint8Array> {
  if (source.size === 0) {
    await services.source.pin(source, time.signal); // nothing is read that would tell that it is gone
    return new Uint8Array();
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of services.source.read(source, { offset: 0, length: source.size }, time.signal))
    chunks.push(chunk);
  const content = Buffer.concat(chunks);
  if (content.length !== source.size)
    throw new SourceUnavailable(`S3 sent ${content.length} bytes of ${source.size}`);
  return content;
}
