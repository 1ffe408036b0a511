import { Metrics } from '@aws-lambda-powertools/metrics';
import { VERSION } from '../version.ts';
import type { RelayEvent } from './observe.ts';

const METRIC_OF_STATE: Readonly<Record<string, string>> = {
  failed: 'TransfersFailed',
  cancelled: 'TransfersCancelled',
  superseded: 'TransfersSuperseded',
};

/**
 * Turns what happens into CloudWatch metrics, one EMF line each, written at once: nothing is lost if Lambda ends the
 * call. One dimension, the stack; only retries and failures have a second one, since each value costs a metric.
 */
export function emfMetrics(metrics = new Metrics()): (event: RelayEvent) => void {
  const write = (facts: Readonly<Record<string, string>>, values: readonly Value[]) => {
    for (const [name, value] of Object.entries(facts)) metrics.addMetadata(name, value);
    for (const [name, unit, value] of values) metrics.addMetric(name, unit, value);
    metrics.publishStoredMetrics();
  };
  const count = (name: string, dimension: string, value: string) =>
    metrics.singleMetric().addDimension(dimension, value).addMetric(name, 'Count', 1);

  return (event) => {
    switch (event.kind) {
      case 'window-sent':
        return write({ transferId: event.transferId }, [
          ['BytesSent', 'Bytes', event.bytes],
          ['SlicesSent', 'Count', event.slices],
          ['SlicesResent', 'Count', event.resent],
        ]);
      case 'stored':
        // the one line that a stored object has in the log: a million of them is a gigabyte less
        return write({ message: 'stored', ...factsOf(event) }, [
          ['TransfersStored', 'Count', 1],
          ['BytesStored', 'Bytes', event.bytes],
          ['TransferSeconds', 'Seconds', event.tookMs / 1_000],
        ]);
      case 'ended': {
        write({ transferId: event.transferId }, [
          [METRIC_OF_STATE[event.state] ?? 'TransfersEnded', 'Count', 1],
        ]);
        if (event.state === 'failed') count('Failures', 'reason', event.error);
        return;
      }
      case 'held-back':
        return write({}, [
          ['TransfersHeldBack', 'Count', 1],
          ['BytesHeldBack', 'Bytes', event.bytes],
        ]);
      case 'retried':
        count('CosRetries', 'code', event.code === undefined ? 'no-answer' : String(event.code));
        return;
      case 'listed':
      case 'slice-sent':
      case 'hashed':
        return; // for progress bars: a line each would cost more than it tells
    }
  };
}

const factsOf = ({ transferId, how, requestId }: Extract<RelayEvent, { kind: 'stored' }>) => ({
  transferId,
  how,
  requestId,
  version: VERSION,
});

type Value = readonly [name: string, unit: 'Bytes' | 'Count' | 'Seconds', value: number];
