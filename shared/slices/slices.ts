/** A byte range of a file: `offset` and `length` in whole bytes. COS addresses a slice by its offset. */
export type Slice = { readonly offset: number; readonly length: number };

/** The slice sizes COS knows, in bytes. */
export const SLICE_SIZES = [524_288, 1_048_576, 2_097_152, 3_145_728] as const;

/** The size every region accepts, in bytes: what is sent where COS refuses another. */
export const SAFE_SLICE_SIZE = 1_048_576;

/** Cuts `size` bytes into slices of `sliceSize` bytes, the last one shorter. Throws a RangeError on sizes that are no whole bytes. */
export function planSlices(size: number, sliceSize: number): Slice[] {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new RangeError(`size ${size} is not a whole number of bytes`);
  if (!Number.isSafeInteger(sliceSize) || sliceSize < 1) {
    throw new RangeError(`slice size ${sliceSize} is not a whole number of bytes`);
  }
  return Array.from({ length: Math.ceil(size / sliceSize) }, (_, index) => {
    const offset = index * sliceSize;
    return { offset, length: Math.min(sliceSize, size - offset) };
  });
}

/** The slices of the plan that are not held. A held slice of another length counts as missing. */
export function missingSlices(plan: readonly Slice[], held: readonly Slice[]): Slice[] {
  const lengthAt = new Map<number, number>();
  for (const { offset, length } of held) lengthAt.set(offset, length); // no pair for each: there may be a million
  return plan.filter((slice) => lengthAt.get(slice.offset) !== slice.length);
}

/** The bytes in all the slices together. */
export function totalBytes(slices: readonly Slice[]): number {
  return slices.reduce((sum, slice) => sum + slice.length, 0);
}

/** Joins neighbours and overlaps into the fewest ranges, in order. */
export function mergeRanges(ranges: readonly Slice[]): Slice[] {
  const ordered = [...ranges].sort((a, b) => a.offset - b.offset);
  const merged: { offset: number; length: number }[] = [];
  for (const { offset, length } of ordered) {
    const last = merged.at(-1);
    if (last && offset <= last.offset + last.length) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else {
      merged.push({ offset, length });
    }
  }
  return merged;
}

/** The slices of the plan that lie whole inside the ranges. `ranges` must be merged and in order, the plan in order. */
export function slicesWithin(plan: readonly Slice[], ranges: readonly Slice[]): Slice[] {
  let at = 0;
  return plan.filter(({ offset, length }) => {
    for (let range = ranges[at]; range && range.offset + range.length <= offset; range = ranges[at]) at += 1;
    const range = ranges[at];
    return range !== undefined && range.offset <= offset && offset + length <= range.offset + range.length;
  });
}
