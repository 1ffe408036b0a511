import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { asError, RelayError } from '../../errors.ts';
import type { BackfillServices, StepTime } from '../../services.ts';
import { told } from '../../told-error.ts';
import { services } from '../../wiring/wiring.ts';
import { deadlines } from '../deadline.ts';
import { withLogContext } from '../log-context.ts';
import { placesOf } from '../named-errors.ts';
import { answerJson, answerTagged, type HttpAnswer, problemOf } from './answer.ts';
import { type Call, httpEvent, readRequest } from './read-request.ts';
import type { Route } from './routes.ts';

/** A Lambda that answers one call of the API: reads the request, sets the deadline, turns errors into problems. */
export const httpCall = <Input>(
  call: Call<Input>,
  step: (input: Input, services: BackfillServices, time: StepTime) => Promise<object>,
) =>
  middy<unknown, HttpAnswer, Error, Context>()
    .use(withLogContext())
    .use({ onError: (request) => answerError(call.route, request.error) })
    .handler(async (event, context) => {
      const request = httpEvent.parse(event);
      const outcome = await step(readRequest(call, request), await services(), deadlines(context));
      if (call.tagged) return answerTagged(call.status, outcome);
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

/** Of an error that is none of ours, its message stays away and the places in our code go along. */
async function report(call: string, error: Error): Promise<void> {
  const { message: reason, ...facts } = told(error);
  const stack = error instanceof RelayError ? undefined : placesOf(error);
  const fields = { call, ...facts, reason, stack };
  try {
    (await services()).log.warn('a call failed', fields);
  } catch {
    console.error(JSON.stringify({ level: 'ERROR', message: 'a call failed', ...fields })); // no services: bad configuration
  }
}
