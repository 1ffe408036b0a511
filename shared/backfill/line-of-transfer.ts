import type { Transfer } from '../records/transfer.ts';
import type { OutcomeLine } from './outcome-line.ts';

/** What the report says of a transfer that is over; one that still runs has lost its execution. */
export function lineOf(transfer: Transfer): OutcomeLine {
  const { id: transferId, source } = transfer;
  const versionId = source.kind === 's3' && source.versionId !== undefined ? source.versionId : undefined;
  const named = {
    key: source.key,
    size: source.size,
    transferId,
    ...(versionId !== undefined && { versionId }),
  };
  switch (transfer.state) {
    case 'stored':
      return { ...named, outcome: transfer.receipt.how === 'skipped' ? 'held' : 'stored' };
    case 'superseded':
      return { ...named, outcome: transfer.reason.error === 'SourceMissing' ? 'gone' : 'live' };
    case 'failed':
    case 'cancelled':
      return {
        ...named,
        outcome: OUTCOME_OF.get(transfer.reason.error) ?? 'failed',
        reason: transfer.reason,
      };
    case 'opening':
    case 'sending':
      return {
        ...named,
        outcome: 'failed',
        reason: {
          error: 'ExecutionFailed',
          message: 'its execution ended and left the transfer unfinished',
          wayOut: 'run the backfill again: what COS holds of it is not sent again',
        },
      };
  }
}

/** Errors that are no failure of the relay but a fact about the object. */
export const OUTCOME_OF: ReadonlyMap<string, OutcomeLine['outcome']> = new Map([
  ['SourceArchived', 'archived'],
  ['TooLarge', 'too-large'],
]);
