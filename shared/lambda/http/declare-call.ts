import type { ProblemKind } from './problem-table.ts';
import type { Call } from './read-request.ts';

/** Of a body of JSON, in bytes. */
export const JSON_MAX = 65_536;
export const NO_BODY = { takes: 'nothing', bodyMax: 0 } as const;

/** Any call may meet these. */
const ANYWHERE = ['bad-request', 'unauthorized', 'internal', 'state-unavailable', 'timed-out'] as const;

/** What a call may answer besides what any may. */
export const problems = (...kinds: ProblemKind[]): readonly ProblemKind[] => [...ANYWHERE, ...kinds];

/** A call of the API, with the type of its input. */
export const call = <Input>(of: Call<Input>): Call<Input> => of;
