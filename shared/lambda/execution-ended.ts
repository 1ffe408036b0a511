import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { isActive } from '../records/transfer.ts';
import { recordFailure } from '../relay/record-failure.ts';
import { services } from '../wiring/wiring.ts';
import { withLogContext } from './log-context.ts';
import { withNamedErrors } from './named-errors.ts';
import { parse } from './parse.ts';

/** An EventBridge event of Step Functions. `input` and `cause` are text, as the execution was given them. */
const statusChange = z.object({
  detail: z.object({
    name: z.string(),
    status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
    input: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.object({ transferId: z.string() })),
    error: z.string().nullish(),
  }),
});

const WHY = {
  FAILED: ['ExecutionFailed', 'the execution failed before its failure could be recorded'],
  TIMED_OUT: ['ExecutionTimedOut', 'the execution was not done after 14 days'],
  ABORTED: ['ExecutionAborted', 'somebody stopped the execution'],
} as const;

/**
 * A Lambda for executions that ended without RecordFailure: nothing stays "sending" that nobody works on. A transfer
 * that is over, or runs in a later execution by now, is left as it is, and not counted a second time.
 */
export const executionEnded = () =>
  middy<unknown, void, Error, Context>()
    .use(withLogContext())
    .use(withNamedErrors())
    .handler(async (event) => {
      const own = await services();
      const { name, status, input, error } = parse(statusChange, event).detail;
      const transfer = await own.store.get(input.transferId);
      if (!transfer || !isActive(transfer) || name !== `${transfer.id}-${transfer.execution}`) return;
      const [reason, words] = WHY[status];
      const known = error != null && /^[A-Za-z][\w.]{0,63}$/.test(error) ? `${words}: ${error}` : words;
      const errorMessage = JSON.stringify({ message: known });
      const Cause = JSON.stringify({ errorMessage });
      await recordFailure({ transferId: transfer.id, error: { Error: reason, Cause } }, own);
    });
