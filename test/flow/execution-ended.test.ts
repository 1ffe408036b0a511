import { expect, onTestFinished, test } from 'vitest';
import { handler } from '../../functions/execution-ended.ts';
import { localContext } from '../../local/stack/machine.ts';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import { recordFailure } from '../../shared/relay/record-failure.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { withServices } from '../../shared/wiring/wiring.ts';
import { tempDir } from '../kit/temp-dir.ts';

async function openStack(observe: (event: RelayEvent) => void = () => undefined): Promise<Stack> {
  const dir = await tempDir('execution-ended');
  const stack = await startStack({ dataDir: dir.path, volatileTable: true, wiring: { observe } });
  onTestFinished(async () => {
    await stack.close();
    await dir.remove();
  });
  return stack;
}

const begun = async ({ services }: Stack) => {
  const { target, options } = destinationOf(services.config, 'some/file');
  const source = { kind: 'client', key: 'k', size: 5 } as const;
  return registerTransfer(source, { target, options }, services, { restart: true });
};

/** As EventBridge sends it; `input` is text. */
const told = ({ services }: Stack, name: string, transferId: string, status: string) =>
  withServices(services, () =>
    handler(
      {
        'detail-type': 'Step Functions Execution Status Change',
        detail: { name, status, input: JSON.stringify({ transferId }), error: null, cause: null },
      },
      localContext('execution-ended', 60_000),
    ),
  );

test.each([
  ['ABORTED', 'ExecutionAborted'],
  ['TIMED_OUT', 'ExecutionTimedOut'],
  ['FAILED', 'ExecutionFailed'],
])('a transfer whose execution is %s is failed, by name', async (status, error) => {
  const stack = await openStack();
  const { id } = await begun(stack);

  await told(stack, `${id}-1`, id, status);

  expect(await stack.services.store.get(id)).toMatchObject({ state: 'failed', reason: { error } });
});

test('a late word of an earlier execution leaves the later one alone', async () => {
  const stack = await openStack();
  const { id } = await begun(stack);
  await told(stack, `${id}-1`, id, 'ABORTED');
  await begun(stack);

  await told(stack, `${id}-1`, id, 'ABORTED');

  expect(await stack.services.store.get(id)).toMatchObject({ state: 'opening', execution: 2 });
});

test('a failure that was written down keeps its reason', async () => {
  const stack = await openStack();
  const { id } = await begun(stack);
  await told(stack, `${id}-1`, id, 'TIMED_OUT');

  await told(stack, `${id}-1`, id, 'FAILED');

  expect(await stack.services.store.get(id)).toMatchObject({ reason: { error: 'ExecutionTimedOut' } });
});

test('a transfer that expired is nobody to tell', async () => {
  const stack = await openStack();

  await expect(told(stack, 'gone-1', 'gone', 'FAILED')).resolves.toBeUndefined();
});

test('a failure is counted once, however often it is written down', async () => {
  const events: RelayEvent[] = [];
  const stack = await openStack((event) => void events.push(event));
  const { id } = await begun(stack);
  const failure = { transferId: id, error: { Error: 'ExecutionFailed', Cause: '' } };

  await recordFailure(failure, stack.services);
  await recordFailure(failure, stack.services); // a RecordFailure that was retried
  await told(stack, `${id}-1`, id, 'FAILED'); // and the end of the same execution, as EventBridge tells it

  expect(events.filter(({ kind }) => kind === 'ended')).toHaveLength(1);
});
