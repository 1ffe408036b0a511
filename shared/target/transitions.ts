import type { Stray, Upload } from '../records/target-record.ts';

/** An init of it may be under way: the session it opens will be nobody's. */
export const strayOf = (upload: Upload | undefined): Stray | undefined =>
  upload && (upload.intended || upload.session === undefined) && upload.size !== undefined
    ? { size: upload.size }
    : undefined;

/** How many strays a target remembers; the oldest are forgotten. */
const STRAYS_KEPT = 8;

export const withStray = (strays: readonly Stray[] = [], left: Stray): Stray[] =>
  [...strays, left].slice(-STRAYS_KEPT);
