import type { Transfer } from '../shared/records/transfer.ts';

/** One transfer on one line. */
export type ReceiptRow = Readonly<Record<(typeof COLUMNS)[number], string>>;

export const COLUMNS = [
  'at',
  'state',
  'how',
  'source',
  'target',
  'bytes',
  'slices',
  'resent',
  'proof',
  'seconds',
  'transfer',
  'reason',
  'dollars',
] as const;

/** Where a terminal is narrow, what comes first here stays. */
export const PRIORITY: readonly (typeof COLUMNS)[number][] = [
  'source',
  'state',
  'reason',
  'bytes',
  'at',
  'target',
  'how',
  'seconds',
  'proof',
  'slices',
  'transfer',
  'resent',
  'dollars',
];

/**
 * `slices`: sent + held before; `proof`: what stat said of the file was compared with; `dollars`: of AWS and egress together, by
 * list prices.
 */
export function receiptRow(transfer: Transfer): ReceiptRow {
  const { id, state, source, target, updatedAt } = transfer;
  const origin =
    source.kind === 's3' ? `s3://${source.bucket}/${source.key}` : `client ${source.key.slice(0, 12)}`;
  const row = {
    at: new Date(updatedAt).toISOString(),
    state,
    how: '',
    source: origin,
    target: `cos://${target.region}/${target.bucket}/${target.path}`,
    bytes: String(source.size),
    slices: '',
    resent: '',
    proof: '',
    seconds: '',
    transfer: id,
    dollars: '',
    reason: 'reason' in transfer ? `${transfer.reason.error}: ${transfer.reason.message}` : '',
  };
  if (transfer.state !== 'stored') return row;
  const { how, slices, verified, startedAt, storedAt, cost } = transfer.receipt;
  return {
    ...row,
    at: new Date(storedAt).toISOString(),
    how,
    slices: slices.total === 0 ? '' : `${slices.sent}+${slices.alreadyHeld}`,
    resent: String(slices.resent),
    proof: [
      'size',
      ...(slices.md5Verified > 0 ? [`md5 ${slices.md5Verified}`] : []),
      ...(verified.sha1Matches ? ['sha1'] : []),
    ].join(', '),
    ...(cost && { dollars: (cost.aws + cost.egress).toFixed(6) }),
    seconds: ((storedAt - startedAt) / 1000).toFixed(1),
  };
}

/** RFC 4180: quoted where needed, lines end in CRLF. */
export const csvLine = (values: readonly string[]): string =>
  `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\r\n`;
