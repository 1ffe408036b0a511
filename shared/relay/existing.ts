import type { CosFile } from '../cos/client.ts';
import type { TargetRecord } from '../session/target-record.ts';
import { sourceName } from '../session/target-record.ts';
import type { Transfer } from '../session/transfer.ts';
import { toSeconds } from '../time.ts';

/**
 * Whether the file at the target is this source version, as far as anybody can tell without reading it. Equal size is
 * not enough when something speaks against it: another sha, our own record of another version stored there, a transfer of
 * ours that may have written there without recording it, or a file older than the version itself.
 */
export function isSame(file: CosFile, transfer: Transfer, record: TargetRecord | undefined): boolean {
  const { source } = transfer;
  if (file.size !== source.size || file.received !== file.size) return false;
  if (file.sha1 !== undefined && source.sha1 !== undefined) return file.sha1 === source.sha1;
  if (source.kind === 'client') return false;
  if (record?.unsure) return false;
  const last = record?.stored;
  if (last)
    return last.sourceName === sourceName(source) && last.etag === source.etag && last.size === source.size;
  if (transfer.options.integrity === 'sha1') return false; // who asks for proof is not served with a guess
  return file.modifiedAt === undefined || file.modifiedAt >= toSeconds(source.lastModified);
}

/** Proven by SHA-1 and size: a file that is there already and is in nobody's way. */
export const isIdentical = (file: CosFile, { source }: Pick<Transfer, 'source'>): boolean =>
  file.size === source.size &&
  file.received === file.size &&
  file.sha1 !== undefined &&
  file.sha1 === source.sha1;

export const factsOf = ({ size, sha1, createdAt, modifiedAt }: CosFile) => ({
  size,
  ...(sha1 !== undefined && { sha1 }),
  ...(createdAt !== undefined && { createdAt }),
  ...(modifiedAt !== undefined && { modifiedAt }),
});

/** Whether the file there is another one than was there before the upload was opened. */
export function isNew(file: CosFile, { upload }: TargetRecord): boolean {
  if (!upload?.replaces) return true;
  const now = factsOf(file);
  const { sha1, createdAt, modifiedAt } = upload.replaces;
  return now.sha1 !== sha1 || now.createdAt !== createdAt || now.modifiedAt !== modifiedAt;
}
