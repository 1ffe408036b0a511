import type { DeclineKind } from '../../api/declined.ts';

export type ProblemKind =
  | DeclineKind
  | 'bad-request'
  | 'unauthorized'
  | 'unknown-transfer'
  | 'no-such-call'
  | 'method-not-allowed'
  | 'target-busy'
  | 'target-exists'
  | 'foreign-upload'
  | 'session-lost'
  | 'source-changed'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'too-large'
  | 'source-missing'
  | 'source-archived'
  | 'too-many-requests'
  | 'budget-used-up'
  | 'cos-refused'
  | 'cos-unavailable'
  | 'slice-corrupt'
  | 'not-identical'
  | 'no-progress'
  | 'source-unavailable'
  | 'state-unavailable'
  | 'timed-out'
  | 'internal';

export type ProblemClass = {
  readonly status: number;
  readonly title: string;
  /** In s: after this the same request may do better. */
  readonly retryAfter?: number;
};

/** Every problem the API answers with. docs/api.md shows this table; a test compares the two. */
export const PROBLEMS: Readonly<Record<ProblemKind, ProblemClass>> = {
  'bad-request': { status: 400, title: 'The request is not well formed' },
  unauthorized: { status: 401, title: 'The caller is not known' },
  'not-allowed': { status: 403, title: 'This bucket or prefix is out of reach' },
  'read-only': { status: 403, title: 'You may only look at it' },
  'unknown-transfer': { status: 404, title: 'There is no such transfer' },
  'unknown-backfill': { status: 404, title: 'There is no such backfill' },
  'no-such-call': { status: 404, title: 'The API has no such path' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'target-busy': { status: 409, title: 'Something else is being written to the target', retryAfter: 30 },
  'target-exists': { status: 409, title: 'The target exists already' },
  'foreign-upload': { status: 409, title: 'The target has an unfinished upload of somebody else' },
  'session-lost': { status: 409, title: 'COS does not know the upload any more' },
  'source-changed': { status: 409, title: 'The source is another version now' },
  'not-client-driven': { status: 409, title: 'The relay carries this transfer itself' },
  'not-open': { status: 409, title: 'The upload is not open yet', retryAfter: 1 },
  'already-over': { status: 409, title: 'It is over' },
  'not-begun': { status: 409, title: 'The backfill has no batches under way', retryAfter: 5 },
  'no-report': { status: 409, title: 'There is no such report', retryAfter: 30 },
  'slice-differs': { status: 409, title: 'Other bytes were confirmed for this slice' },
  'slice-busy': { status: 409, title: 'Other bytes of this slice are under way', retryAfter: 5 },
  'slices-missing': { status: 409, title: 'Slices are missing' },
  'slice-too-large': { status: 413, title: 'The slice is too large' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type this call does not take' },
  'too-large': { status: 422, title: 'The object is larger than COS takes' },
  'source-archived': { status: 422, title: 'The source is in an archive' },
  'source-missing': { status: 422, title: 'The source is not there or not readable' },
  'no-such-slice': { status: 422, title: 'No slice begins at this offset' },
  'slice-length': { status: 422, title: 'The slice has another length' },
  'digest-mismatch': { status: 422, title: 'The slice was damaged on the way' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key stands for another request' },
  'too-many-requests': { status: 429, title: 'COS asks for fewer requests', retryAfter: 2 },
  'budget-used-up': {
    status: 429,
    title: "The day's egress budget is used up",
    retryAfter: 3_600, // to the end of the day, as the answer says
  },
  internal: { status: 500, title: 'The relay failed' },
  'cos-refused': { status: 502, title: 'COS refused' },
  'slice-corrupt': { status: 502, title: 'COS received other bytes than were sent' },
  'not-identical': { status: 502, title: 'COS holds something else than was sent' },
  'no-progress': { status: 502, title: 'The upload does not get on' },
  'cos-unavailable': { status: 503, title: 'COS is in trouble that passes', retryAfter: 5 },
  'source-unavailable': { status: 503, title: 'S3 is in trouble that passes', retryAfter: 5 },
  'state-unavailable': { status: 503, title: 'The table is in trouble that passes', retryAfter: 2 },
  'timed-out': { status: 503, title: 'The call ran out of time', retryAfter: 1 },
};

/** Stable: clients compare it. */
export const problemType = (kind: ProblemKind): string => `urn:cos-slice-relay:problem:${kind}`;
