import { hash } from 'node:crypto';

/** Paths that were seen, by 8 bytes of their hash each: ten million take 80 MB, and two of them never meet. */
export type PathSet = { add(path: string): void; has(path: string): boolean };

export function openPathSet(): PathSet {
  let marks = new BigUint64Array(1_024);
  let count = 0;
  let isSorted = true;
  return {
    add(path) {
      if (count === marks.length) {
        const larger = new BigUint64Array(count * 2);
        larger.set(marks);
        marks = larger;
      }
      marks[count] = markOf(path);
      count += 1;
      isSorted = false;
    },
    has(path) {
      if (!isSorted) marks.subarray(0, count).sort();
      isSorted = true;
      return isAmong(marks.subarray(0, count), markOf(path));
    },
  };
}

const markOf = (path: string): bigint => hash('sha256', path, 'buffer').readBigUInt64LE(0);

function isAmong(sorted: BigUint64Array, mark: bigint): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0n) < mark) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === mark;
}
