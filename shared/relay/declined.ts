import { RelayError } from '../errors.ts';

/** What the API says no to, by name. */
export type DeclineKind =
  | 'not-allowed'
  | 'not-client-driven'
  | 'not-open'
  | 'already-over'
  | 'no-such-slice'
  | 'slice-length'
  | 'slice-too-large'
  | 'digest-mismatch'
  | 'slices-missing'
  | 'idempotency-key-reused';

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
