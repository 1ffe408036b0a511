/** How an upload is cut: all slices have `sliceSize` bytes but the last. */
export type Cut = { readonly filesize: number; readonly sliceSize: number };

/** The slices that one upload holds. */
export type HeldSlices = {
  readonly size: number;
  has(offset: number): boolean;
  /** In the order of the file, without those stored last if `lag` says how many. */
  offsets(lag?: number): Float64Array;
  /** The one stored last at the end. */
  inOrderStored(): number[];
};

export type HeldRecord = HeldSlices & {
  /** Those that lie in a spare place, by their offset. */
  readonly displaced: ReadonlyMap<number, number>;
  /** The slice lies in that spare place from now on, 0 for its own. */
  hold(offset: number, spare: number): void;
};

/** By number of slice, not in a `Map` or objects: the first list of 131,072 must not wait for hashing and garbage. */
export function heldSlices({ filesize, sliceSize }: Cut): HeldRecord {
  const storedAs = new Uint32Array(Math.ceil(filesize / sliceSize)); // 0: not held; else the how manieth that was stored
  const displaced = new Map<number, number>();
  let stored = 0;
  let size = 0;

  const offsets = (): Float64Array => {
    const held = new Float64Array(size);
    let at = 0;
    for (let index = 0; at < size; index += 1) {
      if (storedAs[index] === 0) continue;
      held[at] = index * sliceSize;
      at += 1;
    }
    return held;
  };
  const age = (offset: number): number => storedAs[offset / sliceSize] ?? 0;
  const inOrderStored = () => [...offsets()].sort((a, b) => age(a) - age(b));

  return {
    displaced,
    inOrderStored,
    get size() {
      return size;
    },
    has: (offset) => age(offset) > 0,
    offsets: (lag = 0) =>
      lag === 0 ? offsets() : Float64Array.from(inOrderStored().slice(0, Math.max(0, size - lag))).sort(),
    hold(offset, spare) {
      const index = offset / sliceSize;
      const before = storedAs[index];
      if (before === undefined) return; // no slice of this upload: the journal is damaged
      stored += 1;
      storedAs[index] = stored;
      if (before === 0) size += 1;
      if (spare > 0) displaced.set(offset, spare);
      else if (displaced.size > 0) displaced.delete(offset);
    },
  };
}
