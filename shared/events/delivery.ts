/** One delivery of an event. */
export type Delivery = {
  /** The queue gives it up after this one: what goes wrong now must be written down. */
  readonly last: boolean;
  /** There is no time left to carry even a small object here: the machine does. */
  readonly late: boolean;
};
