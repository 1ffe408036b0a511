import type { ObjectSource, PinnedObject } from '../s3/object-source.ts';
import type { Slice } from '../slices/slices.ts';
import type { Buffers } from './buffers.ts';

/** What is read, and into which memory. */
type Reading = { readonly object: PinnedObject; readonly source: ObjectSource; readonly buffers: Buffers };

/** Owns the buffer from then on. */
type TakeSlice = (slice: Slice, content: Uint8Array) => Promise<void>;

export type ReadOrder = Reading & {
  /** One ranged read, in bytes; at least a slice. */
  readonly readBytes: number;
  /** Ranged reads at once: the next range is on its way while this one is cut. */
  readonly readers: number;
};

/** One ranged read and the slices it is cut into. */
export type ReadRange = { readonly range: Slice; readonly slices: readonly Slice[] };

/**
 * Reads the slices in few large ranges and hands each one over as soon as it is whole. `take` owns the buffer from then
 * on. Rejects with the first failure, or with the reason of `stop`; all readers have ended then.
 */
export async function readSlices(
  slices: readonly Slice[],
  { readBytes, readers, ...reading }: ReadOrder,
  stop: AbortSignal,
  take: TakeSlice,
): Promise<void> {
  const ranges = readRanges(slices, readBytes).values(); // shared: each reader takes the next one
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  const reader = async () => {
    for (const next of ranges) {
      signal.throwIfAborted();
      await cut(next, reading, signal, take);
    }
  };
  const all = await Promise.allSettled(
    Array.from({ length: readers }, () =>
      reader().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  if (all.some(({ status }) => status === 'rejected')) throw signal.reason;
}

/** Joins neighbouring slices into reads of at most `readBytes`. */
export function readRanges(slices: readonly Slice[], readBytes: number): ReadRange[] {
  const ranges: { range: { offset: number; length: number }; slices: Slice[] }[] = [];
  for (const slice of slices) {
    const last = ranges.at(-1);
    const joins = last && last.range.offset + last.range.length === slice.offset;
    if (joins && last.range.length + slice.length <= readBytes) {
      last.range.length += slice.length;
      last.slices.push(slice);
    } else {
      ranges.push({ range: { ...slice }, slices: [slice] });
    }
  }
  return ranges;
}

/** One ranged read; its bytes land in one slice buffer after the other, without a copy. */
async function cut(
  { range, slices }: ReadRange,
  { object, source, buffers }: Reading,
  stop: AbortSignal,
  take: TakeSlice,
): Promise<void> {
  const order = slices.values();
  let filling: { readonly slice: Slice; readonly buffer: Uint8Array } | undefined;
  const memory = async (left: number) => {
    const slice = order.next().value ?? { offset: range.offset, length: left }; // a source gives no more than the range
    filling = { slice, buffer: await buffers.take(slice.length, stop) };
    return filling.buffer;
  };
  try {
    for await (const _ of source.read(object, range, stop, memory)) {
      const whole = filling;
      filling = undefined;
      if (whole) await take(whole.slice, whole.buffer);
    }
  } finally {
    if (filling) buffers.give(filling.buffer);
  }
}
