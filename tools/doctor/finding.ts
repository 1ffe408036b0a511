import { asError, RelayError } from '../../shared/errors.ts';

/** What one check found. */
export type Finding =
  | { readonly kind: 'right'; readonly what: string }
  | { readonly kind: 'wrong'; readonly what: string; readonly wayOut: string }
  /** The check does not apply, or nobody here may ask. */
  | { readonly kind: 'unknown'; readonly what: string };

export type Check = { readonly name: string; run(signal: AbortSignal): Promise<Finding> };
export type Checked = Finding & { readonly name: string };

export const right = (what: string): Finding => ({ kind: 'right', what });
export const wrong = (what: string, wayOut: string): Finding => ({ kind: 'wrong', what, wayOut });
export const unknown = (what: string): Finding => ({ kind: 'unknown', what });

/** Runs the checks one after another, each to its end: what one throws is its finding. */
export async function* runChecks(checks: readonly Check[], limitMs: number): AsyncGenerator<Checked> {
  for (const { name, run } of checks) {
    const found = await run(AbortSignal.timeout(limitMs)).catch(findingOf);
    yield { name, ...found };
  }
}

function findingOf(thrown: unknown): Finding {
  const error = asError(thrown);
  if (error instanceof RelayError) return wrong(error.message, error.wayOut);
  if (DENIED.test(error.name)) return unknown(`whoever asks here may not: ${error.name}`);
  if (error.name === 'TimeoutError')
    return wrong('no answer in time', 'look at the network between here and there');
  return wrong(`${error.name}: the question was not answered`, 'try again; with DEBUG=1 the error is shown');
}

const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|403|Forbidden)$/;
