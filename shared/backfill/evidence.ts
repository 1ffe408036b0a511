import type { CosFile } from '../cos/client.ts';
import type { Outcome } from '../records/backfill-job.ts';
import type { S3Origin } from '../records/source-version.ts';
import { sourceName, type Target } from '../records/target-record.ts';
import type { Transfer } from '../records/transfer.ts';
import type { Services } from '../services.ts';
import { toSeconds } from '../time.ts';

export type Finding = {
  readonly outcome: Extract<Outcome, 'equal' | 'differs' | 'missing' | 'unproven'>;
  readonly evidence?: 'sha1' | 'receipt' | 'size';
};

/** COS dates a file by its own clock and after the answer; a file this much younger than its receipt is another one, in s. */
const CLOCKS_DIFFER_S = 300;

/** Compares the file in COS with a version of S3, by the record of the target and the receipt of what we stored there. */
export async function findingOf(
  file: CosFile | { readonly kind: 'none' },
  source: S3Origin,
  record: Target | undefined,
  { store }: Pick<Services, 'store'>,
): Promise<Finding> {
  if (file.kind === 'none' || file.received < file.size) return { outcome: 'missing' };
  if (file.size !== source.size) return { outcome: 'differs', evidence: 'size' };
  const last = record?.file;
  const ours = last?.state === 'stored' && last.sourceName === sourceName(source);
  return compare(file, source, ours ? await store.get(last.transferId) : undefined);
}

/** Both are of one size. `last` is our transfer that stored the file, as far as we know. */
function compare(file: CosFile, source: S3Origin, last: Transfer | undefined): Finding {
  if (file.sha1 !== undefined && source.sha1 !== undefined)
    return { outcome: file.sha1 === source.sha1 ? 'equal' : 'differs', evidence: 'sha1' };
  if (last?.state !== 'stored' || last.source.kind !== 's3') return { outcome: 'unproven', evidence: 'size' };
  const { verified, storedAt } = last.receipt;
  if (file.sha1 !== undefined && verified.sha1 !== undefined && file.sha1 !== verified.sha1)
    return { outcome: 'differs', evidence: 'sha1' };
  if (file.sha1 === undefined && (file.modifiedAt ?? 0) > toSeconds(storedAt) + CLOCKS_DIFFER_S)
    return { outcome: 'unproven', evidence: 'size' };
  // an ETag names the bytes as well as S3 can: a copy of the same bytes under another date is still equal
  return { outcome: last.source.etag === source.etag ? 'equal' : 'differs', evidence: 'receipt' };
}
