import type { Target } from '../../shared/records/target-record.ts';
import type { Transfer } from '../../shared/records/transfer.ts';

/** A target in the form that version 0.1 reads. What that version knows nothing of is left out. */
export function oldTarget({ name, owner, active, hold, upload, file, orphans, revision }: Target): object {
  const { listed: _, ...version } = owner;
  return {
    name,
    owner: {
      ...version,
      active,
      ...(hold && { leaseUntil: hold.until, ...(hold.by !== undefined && { holder: hold.by }) }),
    },
    ...(upload && { upload: oldUpload(upload) }),
    ...(file && oldFile(file)),
    ...(orphans.length > 0 && { strays: orphans }),
    revision,
  };
}

function oldUpload(upload: NonNullable<Target['upload']>): object {
  const { transferId, size, replaces, overwrite, restarted } = upload;
  const recorded = upload.state === 'opening' ? upload.before : upload;
  return {
    transferId,
    size,
    openedAt: recorded?.openedAt ?? 0,
    ...(recorded && { session: recorded.session, serial: recorded.serial }),
    ...(recorded?.state === 'spoiled' && { damaged: true }),
    ...(upload.state === 'opening' && { intended: true }),
    ...(overwrite && { overwrites: true }),
    ...(restarted && { wrongSha: true }),
    ...(replaces && { replaces }),
  };
}

function oldFile(file: NonNullable<Target['file']>): object {
  if (file.state === 'unknown') return { unsure: true };
  if (file.state === 'deleted') return { deleted: true };
  const { transferId, sourceName, etag, size } = file;
  return { stored: { transferId, sourceName, ...(etag !== undefined && { etag }), size } };
}

/** A transfer in the form that version 0.1 reads. The source's metadata is left out: it is read again with the source. */
export function oldTransfer({ metadata: _, options, ...of }: Transfer): object {
  const { onExisting, ...others } = options;
  return {
    ...of,
    // what 0.1 did under this name is what the longer one means today
    options: { onExisting: onExisting === 'skip-same-size' ? 'skip-same' : onExisting, ...others },
  };
}
