import type { Landing } from '../disk/landing.ts';
import type { Address } from '../wire/address.ts';
import { LARGEST_CONTENT_BYTES } from '../wire/content.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './fields.ts';

const SLICE_OPS: readonly (string | undefined)[] = ['upload_slice_data', 'upload_slice'];

/**
 * Where content goes while it arrives: into the slice's place, if the fields before it name a slice of an upload under way; else into
 * a file of its own. The session is the upload's secret, so what is not signed reaches no place; and a place is not yet a slice held.
 */
export function landContent(
  { store }: Context,
  address: Address | undefined,
  before: ReadonlyMap<string, string>,
): Landing {
  const upload = address && store.uploads.get(address.bucket, address.path);
  const offset = wholeNumber.safeParse(before.get('offset'));
  const isSlice =
    upload !== undefined &&
    upload.session === before.get('session') &&
    SLICE_OPS.includes(before.get('op')) &&
    offset.success &&
    offset.data % upload.sliceSize === 0 &&
    offset.data < upload.filesize;
  return isSlice ? store.slices(upload).land(offset.data) : store.landFile(LARGEST_CONTENT_BYTES);
}
