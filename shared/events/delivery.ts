import type { Destination } from '../transfer/destination.ts';

/** One delivery of what a queue gives out more than once. */
export type Attempt = {
  /** The queue gives it up after this one: what goes wrong now must be written down. */
  readonly last: boolean;
  /** There is no time left to carry even a small object here: the machine does. */
  readonly late: boolean;
};

/** One delivery of an event, and where the file of its key belongs. */
export type Delivery = Attempt & { readonly to: Destination };
