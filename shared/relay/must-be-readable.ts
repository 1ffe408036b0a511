import { SourceArchived } from '../errors.ts';
import type { Pinned } from '../s3/object-source.ts';

/** Throws SourceArchived, before anything is begun in COS. */
export function mustBeReadable(pinned: Pinned): Pinned {
  const { object, archived } = pinned;
  if (archived) throw new SourceArchived(`s3://${object.bucket}/${object.key} is archived`);
  return pinned;
}
