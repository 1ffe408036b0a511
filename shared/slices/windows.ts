import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { planSlices, type Slice } from './slices.ts';

/**
 * A run of neighbouring slices, the work of one worker call. `missing` is there when some slices of the run are
 * held already: one bit a slice from the first on (1 = missing), deflated, in base64. So a plan of any shape stays
 * within what Step Functions hands from state to state.
 */
export type Window = { readonly offset: number; readonly length: number; readonly missing?: string };

export type WindowLimits = {
  /** Windows are at least this long, in bytes: shorter ones cost more calls than they save time. */
  readonly windowBytes: number;
  /** At most this many windows; they grow with the object instead. */
  readonly maxWindows: number;
  /** A small object is still spread over this many workers, as long as each gets `spreadBytes`. */
  readonly spread?: number;
};

/** Below this a window is not worth a worker of its own, in bytes. */
const SPREAD_BYTES = 16 * 1_048_576;

/** Groups the missing slices, in order, into windows of nearly equal work. */
export function planWindows(missing: readonly Slice[], sliceSize: number, limits: WindowLimits): Window[] {
  const slicesEach = slicesPerWindow(missing.length, sliceSize, limits);
  const windows: Window[] = [];
  for (let from = 0; from < missing.length; from += slicesEach) {
    windows.push(windowOf(missing.slice(from, from + slicesEach), sliceSize));
  }
  return windows;
}

/** The slices a window asks for, in order. `size` is the whole file's, in bytes. */
export function slicesOf(window: Window, size: number, sliceSize: number): Slice[] {
  const run = planSlices(Math.min(window.length, size - window.offset), sliceSize).map((slice) => ({
    offset: window.offset + slice.offset,
    length: slice.length,
  }));
  if (window.missing === undefined) return run;
  const bits = inflateRawSync(Buffer.from(window.missing, 'base64'));
  return run.filter((_, index) => (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1);
}

function slicesPerWindow(count: number, sliceSize: number, limits: WindowLimits): number {
  const least = Math.ceil(count / limits.maxWindows);
  const usual = Math.ceil(limits.windowBytes / sliceSize);
  const spread = limits.spread
    ? Math.max(Math.ceil(count / limits.spread), Math.ceil(SPREAD_BYTES / sliceSize))
    : usual;
  return Math.max(1, least, Math.min(usual, spread));
}

function windowOf(slices: readonly Slice[], sliceSize: number): Window {
  const [first] = slices;
  const last = slices.at(-1);
  if (!first || !last) throw new RangeError('a window needs a slice');
  const length = last.offset + last.length - first.offset;
  const span = Math.ceil(length / sliceSize);
  if (span === slices.length) return { offset: first.offset, length };
  const bits = new Uint8Array(Math.ceil(span / 8));
  for (const { offset } of slices) {
    const index = (offset - first.offset) / sliceSize;
    bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return { offset: first.offset, length, missing: deflateRawSync(bits).toString('base64') };
}
