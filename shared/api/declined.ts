import { RelayError } from '../errors.ts';
import type { Sending, Transfer } from '../records/transfer.ts';

/** What the API says no to, by name. */
export type DeclineKind =
  | 'not-allowed'
  | 'read-only'
  | 'not-client-driven'
  | 'not-open'
  | 'already-over'
  | 'no-such-slice'
  | 'slice-differs'
  | 'slice-busy'
  | 'slice-length'
  | 'slice-too-large'
  | 'digest-mismatch'
  | 'slices-missing'
  | 'idempotency-key-reused'
  | 'unknown-backfill'
  | 'not-begun'
  | 'no-report';

/** Facts that go into the answer beside the words. */
export type DeclineFacts = Readonly<Record<string, unknown>>;

/** A request that is well formed and still cannot be done. */
export class Declined extends RelayError {
  override readonly name = 'Declined';
  readonly remedy = 'give-up';
  readonly kind: DeclineKind;
  readonly wayOut: string;
  readonly facts: DeclineFacts;
  constructor(kind: DeclineKind, message: string, wayOut: string, facts: DeclineFacts = {}) {
    super(message);
    this.kind = kind;
    this.wayOut = wayOut;
    this.facts = facts;
  }
}

export const notClientDriven = (): Declined =>
  new Declined(
    'not-client-driven',
    'the relay itself carries this transfer from S3',
    'watch it with GET; only an upload opened with `size` takes slices',
  );

/** Throws Declined for a transfer that has no open upload. */
export function mustBeSending(transfer: Transfer): Sending {
  if (transfer.state === 'sending') return transfer;
  if (transfer.state === 'opening') {
    throw new Declined('not-open', 'COS has not opened the upload yet', 'ask again in a moment');
  }
  throw new Declined(
    'already-over',
    `the transfer is ${transfer.state}`,
    'look at its state; a POST of the same request begins again what failed or was cancelled',
    { state: transfer.state },
  );
}
