import type { CosFile } from '../cos/client.ts';
import { costOfTransfer } from '../cost/cost-of-transfer.ts';
import type { Evidence, Receipt } from '../records/receipt.ts';
import type { WindowRecord } from '../records/store.ts';
import type { Opening, Sending } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { missingSlices, planSlices } from '../slices/slices.ts';
import { VERSION } from '../version.ts';
import { confirmedSlices } from './held-slices.ts';

export type Proof = {
  readonly how: Receipt['how'];
  readonly file: CosFile;
  readonly finishId: string | undefined;
  readonly metadata: Receipt['metadata'];
  /** Of a file that was left as it was. */
  readonly known?: Evidence | undefined;
};

/** Adds up what the workers wrote down of this attempt. */
export async function writeReceipt(
  transfer: Opening | Sending,
  proof: Proof,
  services: Services,
): Promise<Receipt> {
  const { id, source, target, attempts, createdAt } = transfer;
  const { file } = proof;
  const bySlices = proof.how === 'sent' && transfer.state === 'sending' ? transfer : undefined;
  const windows = bySlices ? await services.store.windows(id) : [];
  const { slices, sentBytes } = bySlices ? countsOf(bySlices, windows) : NO_SLICES;
  return {
    transferId: id,
    how: proof.how,
    evidence: proof.known ?? evidenceOfSent(transfer, proof, windows),
    source,
    target,
    ...(bySlices && { session: bySlices.session, sliceSize: bySlices.sliceSize }),
    slices,
    bytes: { total: source.size, sent: proof.how === 'direct' ? source.size : sentBytes },
    verified: verifiedOf(file, source.sha1),
    requestIds: { stat: file.requestId, ...(proof.finishId !== undefined && { finish: proof.finishId }) },
    ...(file.links.accessUrl !== undefined && { accessUrl: file.links.accessUrl }),
    ...(proof.metadata && { metadata: proof.metadata }),
    ...(transfer.metadata && { notCarried: transfer.metadata.notCarried }),
    ...(source.kind === 's3' && { cost: costOf(transfer, proof, windows, services) }),
    startedAt: createdAt,
    storedAt: services.clock(),
    relayVersion: VERSION,
    attempts,
  };
}

type Counts = { readonly slices: Receipt['slices']; readonly sentBytes: number };

const NO_SLICES: Counts = {
  slices: { total: 0, sent: 0, alreadyHeld: 0, resent: 0, md5Verified: 0 },
  sentBytes: 0,
};

/** Only what went into the session that was finished counts, and a slice that was sent twice counts once. */
function countsOf(
  { source, session, sliceSize, attempts, alreadyHeld = 0 }: Sending,
  windows: readonly WindowRecord[],
): Counts {
  const mine = windows.filter((window) => window.session === session && window.attempt === attempts);
  const sum = (of: 'sentSlices' | 'resentSlices' | 'sentBytes' | 'md5Verified') =>
    mine.reduce((all, window) => all + window[of], 0);
  const total = planSlices(source.size, sliceSize).length;
  const [resent, md5Verified] = [sum('resentSlices'), sum('md5Verified')];
  const sent = Math.min(sum('sentSlices') - resent, total - alreadyHeld);
  return { slices: { total, sent, alreadyHeld, resent, md5Verified }, sentBytes: sum('sentBytes') };
}

const verifiedOf = ({ size, sha1 }: CosFile, ofSource: string | undefined): Receipt['verified'] => ({
  size,
  ...(sha1 !== undefined && { sha1 }),
  ...(sha1 !== undefined && ofSource !== undefined && { sha1Matches: sha1 === ofSource }),
});

/** What a call sent counts, whether or not its session was the last one. */
const costOf = (
  { source, attempts }: Opening | Sending,
  { how }: Proof,
  windows: readonly WindowRecord[],
  { settings }: Pick<Services, 'settings'>,
) =>
  costOfTransfer({
    how,
    attempts: Math.max(attempts, 1),
    size: source.size,
    small: how === 'direct' || (how === 'skipped' && source.size <= settings.smallObjectMax),
    windows: windows.map(({ sentBytes, began, at }) => ({
      sentBytes,
      tookMs: began === undefined ? undefined : at - began,
    })),
    readBytes: settings.readBytes,
  });

/** What it rests on that the bytes we sent are those COS holds. */
function evidenceOfSent(
  transfer: Opening | Sending,
  { how, file }: Proof,
  windows: readonly WindowRecord[],
): Evidence {
  // an instant upload is COS's own word that it holds a file of this SHA-1
  if (how === 'instant' || (file.sha1 !== undefined && file.sha1 === transfer.source.sha1)) return 'sha1';
  if (transfer.state !== 'sending') return 'unproven';
  const all = planSlices(transfer.source.size, transfer.sliceSize);
  const confirmed = confirmedSlices(all, transfer.session, windows);
  return missingSlices(all, confirmed).length === 0 ? 'md5-of-each-slice' : 'listed';
}
