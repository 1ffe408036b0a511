import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import type { RelayParts, StepTime } from '../relay/parts.ts';
import { parts } from '../wiring.ts';
import { deadlines } from './deadline.ts';
import { withNamedErrors } from './named-errors.ts';
import { parse } from './parse.ts';

type Step<Input, Outcome> = (input: Input, parts: RelayParts, time: StepTime) => Promise<Outcome>;

/** A Lambda that runs one step of the machine: reads its input, sets the deadline, names its errors. */
export const lambdaStep = <Input, Outcome>(schema: z.ZodType<Input>, step: Step<Input, Outcome>) =>
  middy<unknown, Outcome, Error, Context>()
    .use(withNamedErrors())
    .handler(async (event, context) => step(parse(schema, event), await parts(), deadlines(context)));
