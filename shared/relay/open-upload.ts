import * as z from 'zod';
import { NoProgress, SessionLost, SourceChanged } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import type { S3Origin, SourceMetadata } from '../records/source-version.ts';
import { isActive, type Opening, type Sending, type Transfer, toAttempted } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { claimAndHold, claimTarget } from '../target/claim-target.ts';
import { type EndedOutcome, end, ended, SUPERSEDED } from '../transfer/end-transfer.ts';
import { mustBeReadable } from './must-be-readable.ts';
import { openSession, type SessionOutcome } from './open-session.ts';
import { DIRECT_HOLD_MS, type Direct, turnToSlices, uploadDirect } from './upload-direct.ts';

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
export async function openUpload(input: OpenInput, services: Services, time: StepTime): Promise<OpenOutcome> {
  const { transferId } = input;
  const reopens = input.reopens + 1;
  if (reopens > MAX_REOPENS)
    throw new NoProgress(`the upload was opened ${MAX_REOPENS} times and lost each time`);
  const loaded = await load(services, transferId);
  if (!isActive(loaded)) return ended(loaded);
  const metadata = await stillThere(loaded, services, time);
  const attempted = (from: Begun) => toAttempted(from, metadata && { metadata });
  const begun = await change(services, transferId, attempted, { known: loaded, signal: time.signal });
  if (begun.state !== 'opening' && begun.state !== 'sending') return ended(begun);

  const opened = isSmall(begun, services)
    ? await direct(begun, services, time)
    : await sliced(begun, services, time);
  if (opened === 'older') return ended(await end(services, transferId, 'superseded', SUPERSEDED));
  if (opened.kind === 'ended') return overOrLost(await load(services, transferId));
  const passed = { transferId, reopens, windowsUsed: input.windowsUsed };
  return opened.kind === 'stored' ? { ...passed, ...opened } : { ...passed, kind: opened.kind };
}

/** Another owns the target now. Whoever took it may have died before it ended this transfer: then the claim tells who is newer. */
function overOrLost(transfer: Transfer): EndedOutcome {
  if (isActive(transfer)) throw new SessionLost('another transfer owns the target');
  return ended(transfer);
}

type Begun = Opening | Sending;

const isSmall = ({ source, inSlices }: Begun, { settings }: Services): boolean =>
  source.kind === 's3' && source.size <= settings.smallObjectMax && !inSlices;

/** What S3 tells readers of the object. Throws SourceChanged if it is no longer the version of the transfer. */
async function stillThere(
  transfer: Begun,
  services: Services,
  time: StepTime,
): Promise<SourceMetadata | undefined> {
  if (transfer.source.kind !== 's3') return undefined;
  const { object, metadata } = mustBeReadable(await services.source.pin(transfer.source, time.signal));
  if (object.size !== transfer.source.size) throw changed(transfer.source);
  return metadata;
}

/**
 * The hold stays until FinishUpload has proven the file; another try of this step may take it up at once. What one request
 * does not carry in time goes in slices.
 */
async function direct(
  transfer: Begun,
  services: Services,
  time: StepTime,
): Promise<Direct | SessionOutcome | 'older'> {
  const under = { time, holdMs: DIRECT_HOLD_MS };
  try {
    const sent = await claimAndHold(services, transfer, under, (target, own) =>
      uploadDirect(transfer, target, services, own),
    );
    return sent.kind === 'ours' ? sent.value : 'older';
  } catch (error) {
    const turned = await turnToSlices(transfer, error, services);
    if (!turned) throw error;
    return isActive(turned) ? sliced(turned, services, time) : { kind: 'ended' };
  }
}

async function sliced(
  transfer: Begun,
  services: Services,
  time: StepTime,
): Promise<SessionOutcome | 'older'> {
  const claim = await claimTarget(services, transfer, time);
  if (claim.kind === 'older') return 'older';
  // a deletion that was told before the target was ours found nothing to undo, and an instant upload reads nothing more
  await stillThere(transfer, services, time);
  return openSession(transfer, services, time);
}

const changed = ({ bucket, key }: S3Origin) =>
  new SourceChanged(`s3://${bucket}/${key} changed after the relay began`);
