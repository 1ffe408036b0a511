import type { Fault, FaultAct } from './faults.ts';

/** The faults not used up yet; the first that hits a request is the only one that does. */
export type FaultQueue = {
  add(fault: Fault): void;
  clear(): void;
  /** With what is left of `skip` and `times`. */
  waiting(): Fault[];
  /** The act for this request; counts it against `skip` and `times`. */
  take(op: string, offset: number | undefined): FaultAct | undefined;
};

export function faultQueue(given: readonly Fault[]): FaultQueue {
  let queue: { readonly fault: Fault; skip: number; times: number }[] = [];
  const add = (fault: Fault): void => {
    queue.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  };
  for (const fault of given) add(fault);

  return {
    add,
    clear: () => {
      queue = [];
    },
    waiting: () =>
      queue.filter(({ times }) => times > 0).map(({ fault, skip, times }) => ({ ...fault, skip, times })),
    take(op, offset) {
      for (const waiting of queue) {
        const { fault } = waiting;
        if (waiting.times <= 0 || !matches(fault, op, offset)) continue;
        if (waiting.skip > 0) {
          waiting.skip -= 1;
          continue;
        }
        if (!isHit(fault)) continue;
        waiting.times -= 1;
        return fault.act;
      }
      return undefined;
    },
  };
}

const matches = (fault: Fault, op: string, offset: number | undefined): boolean =>
  (fault.op === undefined || fault.op === op) && (fault.offset === undefined || fault.offset === offset);

const isHit = ({ chance, random = Math.random }: Fault): boolean => chance === undefined || random() < chance;
