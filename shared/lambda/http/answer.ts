import * as z from 'zod';
import { Declined } from '../../api/declined.ts';
import { BadInput, BudgetUsedUp, CosRefused, CosUnavailable, RelayError } from '../../errors.ts';
import { told } from '../../told-error.ts';
import { isTimeout, mayPass } from '../named-errors.ts';
import { PROBLEMS, type ProblemKind, problemType } from './problem-table.ts';
import { UnknownCaller } from './read-caller.ts';
import { BadRequest, Unacceptable } from './read-request.ts';

/** RFC 9457. Nothing of an error goes out but what stands here. */
export const problemBody = z
  .object({
    type: z.string().meta({ description: 'Stable: compare this, not the words' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    wayOut: z.string().optional().meta({ description: 'What can be done about it' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every bad field' }),
    cosCode: z.int().optional(),
    requestId: z.string().optional().meta({ description: "COS's, where there is one" }),
    missing: z.array(z.object({ offset: z.int(), length: z.int() })).optional(),
    missingCount: z.int().optional(),
    expected: z.int().optional(),
    received: z.int().optional(),
    sliceSize: z.int().optional(),
    size: z.int().optional(),
    state: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'problem+json (RFC 9457)' });
export type Problem = z.infer<typeof problemBody>;

export type HttpAnswer = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export const answerJson = (
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});

const tag = z.object({ etag: z.string(), unchanged: z.boolean().optional() });

/** An answer under its ETag; 304 without a body for a caller who has it. */
export function answerTagged(statusCode: number, outcome: object): HttpAnswer {
  const { etag, unchanged } = tag.parse(outcome);
  const headers = { etag, 'cache-control': 'private, no-cache' };
  if (unchanged) return { statusCode: 304, headers, body: '' };
  return answerJson(statusCode, { ...outcome, etag: undefined }, headers);
}

export function answerProblem(
  kind: ProblemKind,
  detail: string,
  more: Partial<Problem> = {},
  retryAfter = PROBLEMS[kind].retryAfter,
): HttpAnswer {
  const { status, title } = PROBLEMS[kind];
  const body: Problem = { type: problemType(kind), title, status, detail, ...more };
  return answerJson(status, body, {
    'content-type': 'application/problem+json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
}

/** What a caller may know of an error. One that is not ours says nothing but that it happened. */
export function problemOf(error: Error): HttpAnswer {
  if (error instanceof BadRequest) {
    return answerProblem('bad-request', error.message, { errors: [...error.fields] });
  }
  if (error instanceof UnknownCaller) return answerProblem('unauthorized', error.message);
  if (error instanceof Unacceptable) return answerProblem(error.kind, error.message);
  if (error instanceof Declined) {
    return answerProblem(error.kind, error.message, { wayOut: error.wayOut, ...error.facts });
  }
  if (error instanceof BadInput) return answerProblem('bad-request', told(error).message, badField(error));
  if (error instanceof RelayError) return relayed(error);
  if (isTimeout(error)) return answerProblem('timed-out', 'there was no time left to finish it');
  if (mayPass(error)) return answerProblem('state-unavailable', 'the table did not answer; try again');
  return answerProblem('internal', 'the log of this function says more');
}

const KINDS: Readonly<Record<string, ProblemKind>> = {
  UnknownTransfer: 'unknown-transfer',
  TargetBusy: 'target-busy',
  BudgetUsedUp: 'budget-used-up',
  TargetExists: 'target-exists',
  ForeignUpload: 'foreign-upload',
  SessionLost: 'session-lost',
  SourceChanged: 'source-changed',
  SourceMissing: 'source-missing',
  SourceArchived: 'source-archived',
  TooLarge: 'too-large',
  SourceDenied: 'source-missing',
  SourceMoved: 'source-missing',
  SourceUnavailable: 'source-unavailable',
  SliceCorrupt: 'slice-corrupt',
  NotIdentical: 'not-identical',
  NoProgress: 'no-progress',
  CosRefused: 'cos-refused',
  CosUnavailable: 'cos-unavailable',
  ReceiptNotWritten: 'state-unavailable',
};

function relayed(error: RelayError): HttpAnswer {
  const { message, cosCode, requestId } = told(error);
  const trace = { ...(cosCode !== undefined && { cosCode }), ...(requestId && { requestId }) };
  if (error instanceof CosRefused && error.aboutSignature) {
    return answerProblem('cos-refused', 'COS does not accept the signature of this relay', trace);
  }
  const kind = KINDS[error.name];
  if (kind === undefined) return answerProblem('internal', 'the relay is not configured as it must be');
  if (error instanceof BudgetUsedUp)
    return answerProblem(kind, message, { wayOut: error.wayOut }, error.waitS);
  const busy = error instanceof CosUnavailable && error.throttled;
  const wayOut = kind === 'session-lost' ? 'GET the slices: the upload is opened anew' : error.wayOut;
  return answerProblem(busy ? 'too-many-requests' : kind, message, { wayOut, ...trace });
}

/** `headers.digest: is not readable` names its field before the colon. */
function badField({ message, wayOut }: BadInput): Partial<Problem> {
  const [, field, text] = /^([\w.-]+): (.*)$/s.exec(message) ?? [];
  const errors = field !== undefined && text !== undefined ? [{ field, message: text }] : [];
  return { wayOut, errors };
}
