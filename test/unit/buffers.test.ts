import { expect, test } from 'vitest';
import { openBuffers } from '../../shared/worker/buffers.ts';

const never = new AbortController().signal;

test('no more buffers are out than may be, and one given back goes to who waits longest', async () => {
  const buffers = openBuffers(() => 2, 1_024);
  const first = await buffers.take(1_024, never);
  await buffers.take(1_000, never);
  const order: string[] = [];
  const third = buffers.take(10, never).then(() => order.push('third'));
  const fourth = buffers.take(10, never).then((buffer) => {
    order.push('fourth');
    return buffer;
  });

  buffers.give(first);
  await third;
  expect(order).toEqual(['third']);
  buffers.give(first);
  const last = await fourth;

  expect(order).toEqual(['third', 'fourth']);
  expect(last.length).toBe(10);
  expect(last.buffer.byteLength).toBe(1_024);
});

test('whoever waits is told when the time is up, and takes no buffer along', async () => {
  const buffers = openBuffers(() => 1, 64);
  const stop = new AbortController();
  const held = await buffers.take(64, never);
  const waiting = buffers.take(64, stop.signal);

  stop.abort(new Error('the time is up'));
  await expect(waiting).rejects.toThrow('the time is up');
  buffers.give(held);

  await expect(buffers.take(64, never)).resolves.toHaveLength(64);
});

test('a limit that grows lets more out at the next chance', async () => {
  let most = 1;
  const buffers = openBuffers(() => most, 64);
  const held = await buffers.take(64, never);
  const waiting = [buffers.take(64, never), buffers.take(64, never)];

  most = 2;
  buffers.give(held);

  await expect(Promise.all(waiting)).resolves.toHaveLength(2);
});

test('a buffer of another slice size is not handed out again', async () => {
  const small = openBuffers(() => 1, 64);
  small.give(await small.take(64, never));

  const large = await openBuffers(() => 1, 128).take(128, never);

  expect(large).toHaveLength(128);
});
