import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import type { BackfillServices, StepTime } from '../services.ts';
import { services } from '../wiring/wiring.ts';
import { deadlines } from './deadline.ts';
import { withLogContext } from './log-context.ts';
import { withNamedErrors } from './named-errors.ts';
import { parse } from './parse.ts';

type Step<Input, Outcome> = (input: Input, services: BackfillServices, time: StepTime) => Promise<Outcome>;

/** A Lambda that runs one step of the machine: reads its input, sets the deadline, names its errors. */
export const lambdaStep = <Input, Outcome>(schema: z.ZodType<Input>, step: Step<Input, Outcome>) =>
  middy<unknown, Outcome, Error, Context>()
    .use(withLogContext())
    .use(withNamedErrors())
    .handler(async (event, context) => step(parse(schema, event), await services(), deadlines(context)));
