import type { TransferView } from '../../../shared/api/views.ts';

/** A transfer's name for people: its key in S3, or the path that a client gave. */
export const nameOf = ({ source, target }: TransferView): string =>
  source.kind === 's3' ? source.key : target.path;
