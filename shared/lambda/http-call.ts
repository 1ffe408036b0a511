import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { asError, RelayError } from '../errors.ts';
import type { ApiParts } from '../relay/api-parts.ts';
import type { StepTime } from '../relay/parts.ts';
import { parts } from '../wiring.ts';
import { deadlines } from './deadline.ts';
import { answerJson, type HttpAnswer, problemOf } from './http-problem.ts';
import type { ProblemKind } from './http-problems.ts';
import { readRequest } from './http-request.ts';
import type { Route } from './http-routes.ts';

/** One call of the API: how it is asked, and how it answers. The OpenAPI document is made from the same. */
export type Call<Input> = {
  readonly route: Route;
  readonly summary: string;
  readonly input: z.ZodType<Input>;
  readonly takes: 'nothing' | 'json' | 'bytes';
  /** In bytes, decoded. */
  readonly bodyMax: number;
  readonly status: number;
  readonly answer: z.ZodType;
  readonly problems: readonly ProblemKind[];
};

/** API Gateway's event of an HTTP API, payload 2.0, as far as it is looked at. */
const httpEvent = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  pathParameters: z.record(z.string(), z.string()).nullish(),
  queryStringParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ authorizer: z.unknown().optional(), requestId: z.string().default('') }),
});
export type HttpEvent = z.infer<typeof httpEvent>;

/** A Lambda that answers one call of the API: reads the request, sets the deadline, turns errors into problems. */
export const httpCall = <Input>(
  call: Call<Input>,
  step: (input: Input, parts: ApiParts, time: StepTime) => Promise<object>,
) =>
  middy<unknown, HttpAnswer, Error, Context>()
    .use({ onError: (request) => answerError(call.route, request.error) })
    .handler(async (event, context) => {
      const request = httpEvent.parse(event);
      const outcome = await step(readRequest(call, request), await parts(), deadlines(context));
      const self = 'links' in outcome && call.status === 202 ? selfOf(outcome.links) : {};
      return answerJson(call.status, outcome, self);
    });

const selfLink = z.object({ self: z.string() });
const selfOf = (links: unknown) => ({ location: selfLink.parse(links).self });

/** The answer says what a caller may know; what is unexpected goes to the log with all that is known. */
async function answerError({ name }: Route, thrown: unknown): Promise<HttpAnswer> {
  const error = asError(thrown);
  const answer = problemOf(error);
  if (answer.statusCode >= 500) await report(name, error);
  return answer;
}

async function report(call: string, error: Error): Promise<void> {
  const known = error instanceof RelayError ? error : undefined;
  const fields = { call, error: error.name, reason: error.message, stack: known ? undefined : error.stack };
  const more = { cosCode: known?.cosCode, requestId: known?.requestId };
  try {
    (await parts()).log.warn('a call failed', { ...fields, ...more });
  } catch {
    console.error(JSON.stringify({ level: 'ERROR', message: 'a call failed', ...fields })); // no parts: bad configuration
  }
}
