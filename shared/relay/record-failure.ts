import * as z from 'zod';
import type { Services } from '../services.ts';
import { type EndedOutcome, end, ended } from '../transfer/end-transfer.ts';

/** What Step Functions hands to a Catch: the error's name, and what Lambda made of the error as JSON text. */
export const failureInput = z.object({
  transferId: z.string(),
  error: z.object({ Error: z.string().default('Unknown'), Cause: z.string().default('') }),
});
export type FailureInput = z.infer<typeof failureInput>;

const cause = z.object({ errorMessage: z.string() });
/** `lambdaStep` packs what it knows of an error into its message, after this mark. */
const facts = z.object({
  message: z.string(),
  wayOut: z.string().optional(),
  cosCode: z.number().optional(),
  requestId: z.string().optional(),
});

/**
 * Writes down why a transfer ended. A source that changed was superseded: its newer version has an event of its own. One
 * that was deleted on the way fails by name.
 * `error` goes on to the machine: a stored transfer whose receipt was not written is no success.
 */
export async function recordFailure(
  { transferId, error }: FailureInput,
  services: Services,
): Promise<EndedOutcome & { readonly error: string }> {
  const why = { error: error.Error, ...readCause(error.Cause) };
  const over = await end(services, transferId, why.error === 'SourceChanged' ? 'superseded' : 'failed', why);
  if (over.state === 'stored') {
    services.log.warn('trouble after the object was stored', {
      transferId,
      error: why.error,
      reason: why.message,
      wayOut: why.wayOut,
    });
  }
  return { ...ended(over), error: why.error };
}

/** What Lambda and Step Functions say in their own words quotes ARNs, and whatever a function printed last. */
const NO_WORDS = 'the history of the execution and the log of its function say more';

function readCause(text: string): z.infer<typeof facts> {
  const failure = cause.safeParse(parsed(text));
  if (!failure.success) return { message: NO_WORDS };
  const packed = facts.safeParse(parsed(failure.data.errorMessage));
  return packed.success ? packed.data : { message: NO_WORDS };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // then the text itself is the message
  }
}
