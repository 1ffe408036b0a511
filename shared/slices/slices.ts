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

/**
 * The slices of the plan, which must be in order, that are not held. A held slice of another length counts as missing; of one
 * that is named twice, the last counts.
 */
export function missingSlices(plan: readonly Slice[], held: readonly Slice[]): Slice[] {
  const ordered = inOrder(held); // side by side with the plan: an index of a million would cost more than the plan
  let at = 0;
  return plan.filter(({ offset, length }) => {
    let there: number | undefined;
    for (let one = ordered[at]; one !== undefined && one.offset <= offset; one = ordered[at]) {
      if (one.offset === offset) there = one.length;
      at += 1;
    }
    return there !== length;
  });
}

/** By offset; what has the same stays as it was. COS lists in order: then nothing is copied. */
function inOrder(slices: readonly Slice[]): readonly Slice[] {
  let latest = 0;
  for (const { offset } of slices) {
    if (offset < latest) return slices.toSorted((a, b) => a.offset - b.offset);
    latest = offset;
  }
  return slices;
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
