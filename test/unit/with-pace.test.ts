import { expect, test } from 'vitest';
import type { CosClient, PutRequest } from '../../shared/cos/client.ts';
import { openPace } from '../../shared/cos/pace.ts';
import { withPace } from '../../shared/cos/with-pace.ts';
import { targetOf } from '../kit/relay-bed.ts';

const never = new AbortController().signal;
const request: PutRequest = { session: 's', offset: 0, content: new Uint8Array(1) };

/** A COS whose answers to slices are given by hand. */
function cosByHand() {
  const answers: (() => void)[] = [];
  const put: CosClient['put'] = () =>
    new Promise((resolve) => {
      answers.push(() => resolve({ kind: 'held', closed: false }));
    });
  const pace = openPace({ start: 1, least: 1, most: 1, now: () => 0 });
  // only slices go through the pace
  return { client: withPace({ put } as CosClient, pace), answers, pace };
}

test('a slice goes out at once where a place is free, before the caller hashes it', () => {
  const { client, answers } = cosByHand();

  void client.put(targetOf('a'), request, never);

  expect(answers).toHaveLength(1);
});

test('a slice without a place waits, and goes when another is through', async () => {
  const { client, answers, pace } = cosByHand();
  const first = client.put(targetOf('a'), request, never);
  const second = client.put(targetOf('a'), request, never);

  expect(answers).toHaveLength(1);
  answers[0]?.();
  await first;
  await Promise.resolve();
  answers[1]?.();

  expect(await second).toEqual({ kind: 'held', closed: false });
  expect(pace.inFlight).toBe(0);
});

test('a slice that waited until its time was up was never sent', async () => {
  const { client, answers } = cosByHand();
  const time = new AbortController();
  void client.put(targetOf('a'), request, never);
  const waiting = client.put(targetOf('a'), { ...request, beginBy: time.signal }, never);

  time.abort();

  expect(await waiting).toEqual({ kind: 'not-begun' });
  expect(await client.put(targetOf('a'), { ...request, beginBy: time.signal }, never)).toEqual({
    kind: 'not-begun',
  });
  expect(answers).toHaveLength(1);
});
