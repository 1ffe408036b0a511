import { Refused } from './codes.ts';
import type { Desk } from './desk.ts';
import type { UploadRecord } from './records.ts';

type Place = { readonly bucket: string; readonly path: string };

/** The upload of this path if the session is its own; else the code for a session nobody knows. */
export function uploadOf(desk: Desk, { bucket, path }: Place, session: string): UploadRecord {
  const upload = desk.store.uploads.get(bucket, path);
  if (upload?.session !== session) throw new Refused(desk.manners.unknownSessionCode, 'session not found');
  return upload;
}

/** All slices are as long as agreed but the last. */
export const sliceLength = ({ filesize, sliceSize }: UploadRecord, offset: number): number =>
  Math.min(sliceSize, filesize - offset);

export const countMissing = (desk: Desk, upload: UploadRecord): number =>
  Math.ceil(upload.filesize / upload.sliceSize) - desk.store.slices(upload).held.size;
