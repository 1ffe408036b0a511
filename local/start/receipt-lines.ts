import type { Receipt } from '../../shared/records/receipt.ts';
import type { Proof } from './proof.ts';

/** A receipt for people: a name and a value a line; `instead` of an address that does not last. */
export function receiptLines(receipt: Receipt, proof: Proof, instead?: string): string[] {
  const { source, target, slices, bytes, requestIds } = receipt;
  const from = source.kind === 's3' ? `s3://${source.bucket}/${source.key}` : 'sent by a client';
  const seconds = (receipt.storedAt - receipt.startedAt) / 1000;
  const rows: [string, string | undefined][] = [
    ['stored', `${target.bucket}/${target.path} (region ${target.region}, app ${target.appId})`],
    ['transfer', receipt.transferId],
    ['source', `${from}, ${source.size} bytes`],
    [
      'version',
      source.kind === 's3' ? `${source.versionId ?? 'no version id'}, ETag ${source.etag}` : undefined,
    ],
    ['how', HOW[receipt.how]],
    ['session', receipt.session && `${receipt.session.slice(0, 16)}…`],
    [
      'slices',
      slices.total > 0
        ? `${slices.total} of ${receipt.sliceSize} bytes: ${slices.sent} sent, ${slices.alreadyHeld} already held, ${slices.resent} resent`
        : undefined,
    ],
    ['bytes sent', String(bytes.sent)],
    ['MD5', slices.total > 0 ? `${slices.md5Verified} slices echoed by COS with the right MD5` : undefined],
    [
      'SHA-1',
      proof.readBack
        ? `${proof.sha1}, read back from COS and equal to the file`
        : `not read back: ${proof.why}`,
    ],
    [
      'request ids',
      [requestIds.finish && `finish ${requestIds.finish}`, `stat ${requestIds.stat}`]
        .filter(Boolean)
        .join(', '),
    ],
    ['address', receipt.accessUrl ?? instead],
    ['cost', receipt.cost && costLine(receipt.cost)],
    ['time', `${seconds.toFixed(2)} s, attempt ${receipt.attempts}`],
  ];
  return rows.flatMap(([name, value]) => (value ? [`${name.padEnd(12)} ${value}`] : []));
}

const costLine = ({ aws, egress, prices }: NonNullable<Receipt['cost']>): string =>
  `on AWS about $${aws.toFixed(6)} and $${egress.toFixed(6)} of egress, by list prices (${prices})`;

const HOW: Record<Receipt['how'], string> = {
  sent: 'sent in slices',
  direct: 'sent in one request',
  instant: 'COS held these bytes already (instant upload)',
  skipped: 'the file was there already',
};
