/** Trouble on order: which requests it meets, how often, and what then happens. */
export type S3Fault = {
  readonly op?: S3Op;
  readonly bucket?: string;
  readonly key?: string;
  /** How many matching requests pass unharmed first. */
  readonly skip?: number;
  /** How many it strikes; without it, all. */
  readonly times?: number;
  /** How likely each is struck, 0 to 1, by the endpoint's seeded `random`. */
  readonly chance?: number;
  readonly act: S3FaultAct;
};

export type S3FaultAct =
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** The connection breaks before any header. */
  | { readonly kind: 'reset' }
  /** The headers promise everything, then the connection closes after `bytes` of the body (half by default). */
  | { readonly kind: 'truncate'; readonly bytes?: number }
  /** No answer; after `ms` the connection breaks, without it never. */
  | { readonly kind: 'stall'; readonly ms?: number }
  /** Half of the body, then silence. */
  | { readonly kind: 'stall-body' }
  /** The right answer, late. */
  | { readonly kind: 'delay'; readonly ms: number };

export type S3Op = 'head' | 'get' | 'list' | 'other';

export type FaultTarget = { readonly op: S3Op; readonly bucket: string; readonly key: string };

export type FaultBook = {
  add(fault: S3Fault): void;
  clear(): void;
  /** The trouble this request meets: that of the first fault which strikes it. */
  strike(target: FaultTarget): S3FaultAct | undefined;
};

export function faultBook(initial: readonly S3Fault[], random: () => number): FaultBook {
  let entries: { fault: S3Fault; passed: number; struck: number }[] = [];
  const add = (fault: S3Fault): void => {
    entries.push({ fault, passed: 0, struck: 0 });
  };
  for (const fault of initial) add(fault);

  return {
    add,
    clear: () => {
      entries = [];
    },
    strike: (target) => {
      for (const entry of entries) {
        const { fault } = entry;
        if (!matches(fault, target) || entry.struck >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
        if (entry.passed < (fault.skip ?? 0)) {
          entry.passed += 1;
          continue;
        }
        if (fault.chance !== undefined && random() >= fault.chance) continue;
        entry.struck += 1;
        return fault.act;
      }
      return undefined;
    },
  };
}

/** A small generator, so that a run with chances can be repeated. (mulberry32) */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const matches = (fault: S3Fault, target: FaultTarget): boolean =>
  (fault.op ?? target.op) === target.op &&
  (fault.bucket ?? target.bucket) === target.bucket &&
  (fault.key ?? target.key) === target.key;
