import * as z from 'zod';

/**
 * What to do with a file that is there already. skip-same: leave it if it is proven to be the same, replace it if not.
 * skip-same-size: a file of the same size that is not older counts as the same too, which proves nothing.
 */
export const onExisting = z.enum(['skip-same', 'skip-same-size', 'overwrite', 'fail']);
/** What to do with an unfinished upload that is not ours. */
export const onForeignUpload = z.enum(['replace', 'fail']);
/** Whether a slice of our session that COS lists, but whose MD5 nobody confirmed, counts as held. */
export const trustListed = z.enum(['listed', 'verified']);
/** md5: each slice. sha1: each slice, and the whole file by its SHA-1 at init. */
export const integrity = z.enum(['md5', 'sha1']);

export const transferOptions = z.object({
  onExisting,
  onForeignUpload,
  trustListed,
  integrity,
  /** In bytes. */
  sliceSize: z.number().int(),
});
export type TransferOptions = z.infer<typeof transferOptions>;
