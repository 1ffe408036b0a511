/** Milliseconds since the epoch. */
export type EpochMillis = number;
/** Seconds since the epoch. */
export type EpochSeconds = number;

/** Where the time comes from; tests and skewed clocks give their own. */
export type Clock = () => EpochMillis;

export const toSeconds = (at: EpochMillis): EpochSeconds => Math.floor(at / 1000);
