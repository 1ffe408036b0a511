import type { CosFile } from '../cos/client.ts';
import type { Receipt } from '../records/receipt.ts';
import type { Opening, Sending } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { planSlices } from '../slices/slices.ts';
import { VERSION } from '../version.ts';

export type Proof = {
  readonly how: Receipt['how'];
  readonly file: CosFile;
  readonly finishId: string | undefined;
  readonly metadata: Receipt['metadata'];
};

/** Adds up what the workers wrote down of this attempt. */
export async function writeReceipt(
  transfer: Opening | Sending,
  proof: Proof,
  services: Services,
): Promise<Receipt> {
  const { id, source, target, attempts, createdAt } = transfer;
  const bySlices = proof.how === 'sent' && transfer.state === 'sending' ? transfer : undefined;
  const windows = bySlices ? await services.store.windows(id) : [];
  const mine = windows.filter(
    (window) => window.session === bySlices?.session && window.attempt === attempts,
  );
  const sum = (of: 'sentSlices' | 'resentSlices' | 'sentBytes' | 'md5Verified') =>
    mine.reduce((total, window) => total + window[of], 0);
  const { file } = proof;
  const bothKnown = file.sha1 !== undefined && source.sha1 !== undefined;
  const direct = proof.how === 'direct';
  return {
    transferId: id,
    how: proof.how,
    source,
    target,
    ...(bySlices && { session: bySlices.session, sliceSize: bySlices.sliceSize }),
    slices: {
      total: bySlices ? planSlices(source.size, bySlices.sliceSize).length : 0,
      sent: sum('sentSlices') - sum('resentSlices'),
      alreadyHeld: bySlices?.alreadyHeld ?? 0,
      resent: sum('resentSlices'),
      md5Verified: sum('md5Verified'),
    },
    bytes: { total: source.size, sent: direct ? source.size : sum('sentBytes') },
    verified: {
      size: file.size,
      ...(file.sha1 !== undefined && { sha1: file.sha1 }),
      ...(bothKnown && { sha1Matches: file.sha1 === source.sha1 }),
    },
    requestIds: { stat: file.requestId, ...(proof.finishId !== undefined && { finish: proof.finishId }) },
    ...(file.links.accessUrl !== undefined && { accessUrl: file.links.accessUrl }),
    ...(proof.metadata && { metadata: proof.metadata }),
    startedAt: createdAt,
    storedAt: services.clock(),
    relayVersion: VERSION,
    attempts,
  };
}
