import * as backfillCalls from './backfill-calls.ts';
import * as transferCalls from './calls.ts';

/** Every call of the API by its name: for what is said of all of them. */
export const allCalls = { ...transferCalls, ...backfillCalls };
