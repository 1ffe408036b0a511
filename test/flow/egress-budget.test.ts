import { afterEach, describe, expect, test } from 'vitest';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { localContext } from '../../local/stack/machine.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { requestTransfer } from '../../shared/api/start-transfer.ts';
import { BudgetUsedUp } from '../../shared/errors.ts';
import { holdInQueue } from '../../shared/lambda/hold-event.ts';
import { problemOf } from '../../shared/lambda/http/answer.ts';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import { withServices } from '../../shared/wiring/wiring.ts';
import { backfill, countsOf, keysOf, openBackfillBed } from '../kit/backfill-bed.ts';
import { openEventBed } from '../kit/event-bed.ts';
import { startEventQueue } from '../kit/event-queue.ts';
import { bytesOf } from '../kit/relay-bed.ts';

const DAY_MS = 86_400_000;
/** 1,073,742 bytes: the fourth of 300,000 bytes crosses the line, and the fifth waits. */
const SMALL_BUDGET = { EGRESS_BUDGET_GB_PER_DAY: '0.001' };
const SIZE = 300_000;
const SIGNAL = new AbortController().signal;
const TIME = { stop: SIGNAL, signal: SIGNAL };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A relay whose clock stands at an hour of a day, and what it told. */
async function openBudgetBed() {
  const queue = await startEventQueue({ maxReceiveCount: 3 });
  let now = Date.UTC(2026, 10, 25, 9);
  const told: RelayEvent[] = [];
  const bed = await openEventBed({
    env: { ...SMALL_BUDGET, MAX_RECEIVES: '3' },
    wiring: {
      clock: () => now,
      hold: holdInQueue({ EVENTS_QUEUE: queue.urls.events, MAX_RECEIVES: 3 }, queue.sqs),
      observe: (event) => void told.push(event),
    },
  });
  closing.push(queue.close, bed.close);
  const announced = async (key: string) => {
    const object = await bed.put(key, bytesOf(key, SIZE));
    await queue.send(objectCreatedEvent(object));
    return object;
  };
  return {
    queue,
    bed,
    told,
    announced,
    drain: () => queue.drain(bed.services),
    nextDay() {
      now += DAY_MS;
    },
    /** Uses it up by four objects. */
    async spend() {
      for (const key of ['1', '2', '3', '4']) await announced(key);
      await queue.drain(bed.services);
    },
  };
}

describe('an event that comes when the budget of the day is used up', () => {
  test('waits in the queue, however often it is given out, and is carried when the day has turned', async () => {
    const { queue, bed, told, announced, drain, nextDay, spend } = await openBudgetBed();
    await spend();
    const asked = bed.ops().length;
    const object = await announced('5');

    await drain();
    const copied = queue.waiting();
    for (let times = 1; times <= 4; times += 1) {
      await queue.wake();
      await drain();
    }

    expect(copied.delayed).toMatchObject([{ waits: expect.anything() }]);
    expect(queue.waiting().hidden.every((seconds) => seconds > 11 * 3_600)).toBe(true);
    expect(bed.ops()).toHaveLength(asked);
    expect(await bed.transferOf(object)).toBeUndefined();
    expect(told).toContainEqual({ kind: 'held-back', bytes: SIZE });
    expect(queue.dead()).toEqual([]);

    nextDay();
    await queue.wake();
    await drain();

    expect(await bed.transferOf(object)).toMatchObject({ state: 'stored' });
    expect(await bed.stored('5')).toEqual(bytesOf('5', SIZE));
  });

  test('waits too if it is given out for the last time, and is not written down as failed', async () => {
    const { queue, bed, spend } = await openBudgetBed();
    await spend();
    const object = await bed.put('last', bytesOf('last', SIZE));
    const { handler } = await import('../../functions/object-created.ts');
    const attributes = { ApproximateReceiveCount: '3' };
    const Records = [{ messageId: 'm', body: JSON.stringify(objectCreatedEvent(object)), attributes }];

    const answer = await withServices(bed.services, () =>
      handler({ Records }, localContext('object-created', 60_000)),
    );

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(queue.waiting().delayed).toHaveLength(1);
    expect(await bed.transferOf(object)).toBeUndefined();
  });

  test('has all its tries left: one that waited and fails comes again as if it were new', async () => {
    const { queue, bed, announced, drain, nextDay, spend } = await openBudgetBed();
    await spend();
    const object = await announced('5');
    await drain();
    nextDay();
    const { cos } = bed.services;
    const failing = {
      ...bed.services,
      cos: { ...cos, upload: () => Promise.reject(new TypeError('broken')) },
    };

    await queue.wake();
    await queue.drain(failing);
    const again = queue.waiting().delayed.filter((message) => !('waits' in message));

    expect(again.map(({ body }) => JSON.parse(body).detail.object.key)).toEqual(['5']);
    expect(await bed.transferOf(object)).toMatchObject({ state: 'opening', attempts: 1 });
    expect(queue.dead()).toEqual([]);
  });

  test('of a transfer that began before is not held back, nor one that a large object began', async () => {
    const { bed, announced, drain, spend } = await openBudgetBed();
    const large = await bed.put('large.bin', bytesOf('large', 600_000));
    const held: string[] = [];
    const { machine } = bed.services;
    const slow = { ...bed.services, machine: { start: async (name: string) => void held.push(name) } };
    await withServices(slow, () => bed.deliver(objectCreatedEvent(large)));
    await spend();

    await bed.deliver(objectCreatedEvent(large));
    await bed.machine.idle();

    expect(machine).toBeDefined();
    expect(await bed.transferOf(large)).toMatchObject({ state: 'stored' });
    const waits = await announced('waits.bin');
    await drain();
    expect(await bed.transferOf(waits)).toBeUndefined();
  });
});

test('an event whose queue does not answer either comes again by itself, and its batch with it is done', async () => {
  const down = () => Promise.reject(new TypeError('the queue is down'));
  const bed = await openEventBed({ env: SMALL_BUDGET, wiring: { hold: { until: down, renewed: down } } });
  closing.push(bed.close);
  const events = await Promise.all(
    ['1', '2', '3', '4', '5'].map(async (key) => objectCreatedEvent(await bed.put(key, bytesOf(key, SIZE)))),
  );

  const refused = await bed.deliver(...events).catch((error: Error) => error.message);

  expect(refused).toContain('the queue is down');
  const stored = await Promise.all(['1', '2', '3', '4', '5'].map((key) => bed.stored(key)));
  expect(stored.filter((bytes) => bytes !== undefined)).toHaveLength(4);
});

test('a call of the API is told to ask again when the day has turned, and nothing is written down', async () => {
  const { bed, spend } = await openBudgetBed();
  await spend();
  await bed.put('asked.bin', bytesOf('asked', SIZE));
  const body = { source: { bucket: SOURCE_BUCKET, key: 'asked.bin' } };
  const caller = { name: 'somebody', kind: 'iam' } as never;

  const refused = await requestTransfer({ caller, headers: {}, body } as never, bed.services, TIME).catch(
    (error: Error) => error,
  );

  expect(refused).toBeInstanceOf(BudgetUsedUp);
  const answer = problemOf(refused as Error);
  expect(answer.statusCode).toBe(429);
  expect(answer.headers['retry-after']).toBe(String(15 * 3_600));
  expect(JSON.parse(answer.body).wayOut).toContain('EGRESS_BUDGET_GB_PER_DAY');
});

test('a backfill waits for the next day with what is left, and loses none of it', async () => {
  const bed = await openBackfillBed();
  closing.push(bed.close);
  let now = (Math.ceil(Date.now() / DAY_MS) + 0.4) * DAY_MS; // what is put now is there when it begins
  let days = 0;
  let isTurning = false;
  const stack = await bed.start({
    env: { EGRESS_BUDGET_GB_PER_DAY: '0.00005' }, // 53,688 bytes: three of 20,000 begin, of six
    wiring: {
      clock: () => now,
      observe(event) {
        if (event.kind !== 'held-back' || isTurning) return;
        isTurning = true;
        setTimeout(() => {
          now += DAY_MS;
          days += 1;
          isTurning = false;
        }, 300);
      },
    },
  });
  for (const key of ['1', '2', '3', '4', '5', '6']) await bed.put(key, bytesOf(key, 20_000));
  await bed.put('large.bin', bytesOf('large', 600_000));

  const report = await backfill(bed, stack);

  expect(days).toBeGreaterThan(0);
  expect(countsOf(report.summary)).toMatchObject({ stored: 7 });
  expect(keysOf(report, 'failed')).toEqual([]);
  expect(report.run.status).toBe('succeeded');
});
