import type { Context } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { emfMetrics } from '../../shared/observe/emf-metrics.ts';
import { lambdaLog, lambdaLogger } from '../../shared/observe/lambda-log.ts';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import { VERSION } from '../../shared/version.ts';

/** The lines that Lambda would put into the log. */
async function linesOf(work: () => void): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const writes = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0),
  );
  try {
    work();
  } finally {
    for (const write of writes) write.mockRestore();
  }
  return lines.map((line) => JSON.parse(line));
}

const written = (...events: RelayEvent[]) => {
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'cos-slice-relay');
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'cos-slice-relay-test');
  return linesOf(() => events.forEach(emfMetrics()));
};
const emf = (dimensions: string[], ...names: string[]) => ({
  CloudWatchMetrics: [
    expect.objectContaining({
      Namespace: 'cos-slice-relay',
      Dimensions: [expect.arrayContaining(dimensions)],
      Metrics: names.map((Name) => expect.objectContaining({ Name })),
    }),
  ],
});

test('a window that was sent counts bytes, slices and what went twice', async () => {
  const lines = await written({ kind: 'window-sent', transferId: 't', bytes: 3, slices: 2, resent: 1 });

  expect(lines).toEqual([
    expect.objectContaining({
      _aws: expect.objectContaining(emf(['service'], 'BytesSent', 'SlicesSent', 'SlicesResent')),
      service: 'cos-slice-relay-test',
      transferId: 't',
      BytesSent: 3,
      SlicesSent: 2,
      SlicesResent: 1,
    }),
  ]);
});

test('a stored transfer tells how long it took and how to find it, in one line of no more than 600 bytes', async () => {
  const stored = { kind: 'stored', bytes: 9_000_000, tookMs: 2_500, how: 'direct' } as const;
  const transferId = 'c'.repeat(40);
  const lines = await written({ ...stored, transferId, requestId: 'NWE3YzYxYjFfMTQ4ZTE1MGFfNGYzXzZm' });

  expect(lines).toEqual([
    expect.objectContaining({
      message: 'stored',
      transferId,
      how: 'direct',
      requestId: 'NWE3YzYxYjFfMTQ4ZTE1MGFfNGYzXzZm',
      version: VERSION,
      TransfersStored: 1,
      BytesStored: 9_000_000,
      TransferSeconds: 2.5,
    }),
  ]);
  expect(JSON.stringify(lines[0]).length).toBeLessThan(600);
});

test('a failure counts once for the alarm and once by its reason', async () => {
  const lines = await written({ kind: 'ended', transferId: 't', state: 'failed', error: 'CosRefused' });

  expect(lines).toEqual([
    expect.objectContaining({ TransfersFailed: 1 }),
    expect.objectContaining({
      _aws: expect.objectContaining(emf(['service', 'reason'], 'Failures')),
      reason: 'CosRefused',
    }),
  ]);
});

test('a superseded transfer is no failure', async () => {
  const lines = await written({ kind: 'ended', transferId: 't', state: 'superseded', error: 'Superseded' });

  expect(lines).toEqual([expect.objectContaining({ TransfersSuperseded: 1 })]);
});

test('a retry counts by the code of COS, or as an answer that did not come', async () => {
  const lines = await written({ kind: 'retried', code: -71 }, { kind: 'retried', code: undefined });

  expect(lines).toEqual([
    expect.objectContaining({ CosRetries: 1, code: '-71' }),
    expect.objectContaining({ CosRetries: 1, code: 'no-answer' }),
  ]);
});

test('what only moves a progress bar writes no line', async () => {
  const lines = await written({ kind: 'slice-sent', transferId: 't', bytes: 1, inFlight: 1, resent: false });

  expect(lines).toEqual([]);
});

test('a log line names the function and the call it is of, and no account', async () => {
  const context = {
    functionName: 'open-upload',
    awsRequestId: 'call-1',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:open-upload',
  };
  const [line] = await linesOf(() => {
    lambdaLogger().addContext(context as Context); // as the middleware does
    lambdaLog().info('stored', { transferId: 't' });
  });

  expect(line).toMatchObject({
    function_name: 'open-upload',
    function_request_id: 'call-1',
    transferId: 't',
  });
  expect(JSON.stringify(line)).not.toContain('123456789012');
});

test('a log line is JSON with what the step said', async () => {
  const lines = await linesOf(() =>
    lambdaLog().warn('COS is tried again', { transferId: 't', requestId: 'r' }),
  );

  expect(lines).toEqual([
    expect.objectContaining({
      level: 'WARN',
      message: 'COS is tried again',
      transferId: 't',
      requestId: 'r',
    }),
  ]);
});
