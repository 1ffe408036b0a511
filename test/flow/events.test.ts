import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuse } from '../../local/cos/faults.ts';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { reasonFor, redriveDeadLetters } from '../../tools/dead-letters.ts';
import { restartTransfer } from '../../tools/failed-transfers.ts';
import { runHere } from '../kit/command.ts';
import { type EventBed, openEventBed } from '../kit/event-bed.ts';
import { type EventQueue, startEventQueue } from '../kit/event-queue.ts';
import { bytesOf } from '../kit/relay-bed.ts';

const MAX_RECEIVES = 3;

/** Reads of this object wait. */
const heldBack = (services: Wired, key: string, until: Promise<void>): Wired => ({
  ...services,
  source: {
    ...services.source,
    async *read(object, ...how) {
      if (object.key === key) await until;
      yield* services.source.read(object, ...how);
    },
  },
});

describe('events through a real SQS', () => {
  let bed: EventBed;
  let queue: EventQueue;
  beforeAll(async () => {
    bed = await openEventBed({ env: { MAX_RECEIVES: String(MAX_RECEIVES) } });
    queue = await startEventQueue({ maxReceiveCount: MAX_RECEIVES });
  });
  afterAll(async () => {
    await queue.close();
    await bed.close();
  });

  test('small and large objects arrive, each event once or twice', async () => {
    const small = bytesOf('small', 70_000);
    const large = bytesOf('large', 1_500_000);
    const objects = [await bed.put('small.bin', small), await bed.put('large.bin', large)];

    for (const object of [...objects, ...objects]) await queue.send(objectCreatedEvent(object));
    await queue.drain(bed.services);
    await bed.machine.idle();

    expect(await bed.stored('small.bin')).toEqual(small);
    expect(await bed.stored('large.bin')).toEqual(large);
    expect(bed.ops('small.bin').filter((op) => op === 'upload')).toHaveLength(1);
    expect(bed.ops('large.bin').filter((op) => op === 'upload_slice_init')).toHaveLength(1);
    expect(queue.dead()).toEqual([]);
  });

  test('test events and events of other types are ignored with a log line', async () => {
    const tagged = { source: 'aws.s3', 'detail-type': 'Object Tags Added', detail: {} };
    await queue.send({ Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-11-21T00:00:00.000Z' });
    await queue.send(tagged);

    await queue.drain(bed.services);

    const ignored = bed.log.filter(({ text }) => text.includes('none of ours')).map(({ type }) => type);
    expect(ignored).toEqual(['s3:TestEvent', 'aws.s3 Object Tags Added']);
    expect(queue.dead()).toEqual([]);
  });

  test('a notification that S3 itself put into the queue is read, its key decoded once', async () => {
    const content = bytesOf('notified', 1_000);
    const { key, ...object } = await bed.put('a+b c%20d/中文 1.bin', content);
    const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
    await queue.send({
      Records: [
        {
          eventSource: 'aws:s3',
          eventName: 'ObjectCreated:Put',
          eventTime: '2026-11-21T00:00:00.000Z',
          s3: {
            bucket: { name: object.bucket },
            object: { key: encoded, size: object.size, eTag: object.etag, sequencer: object.sequencer },
          },
        },
      ],
    });

    await queue.drain(bed.services);

    expect(await bed.stored('a+b c%20d/中文 1.bin')).toEqual(content);
  });

  test('of a batch only the poisoned message goes to the dead letters, with its reason in the log', async () => {
    const content = bytesOf('healthy', 2_000);
    const healthy = objectCreatedEvent(await bed.put('healthy.bin', content));
    const [notJson] = [await queue.send('{"cut off'), await queue.send(healthy)];
    const noEvent = await queue.send({ hello: 'world' });

    await queue.drain(bed.services);

    expect(await bed.stored('healthy.bin')).toEqual(content);
    expect(queue.dead().sort()).toEqual(['{"cut off', '{"hello":"world"}']);
    const last = (id: string) => bed.log.filter(({ messageId }) => messageId === id).at(-1);
    expect(last(notJson)).toMatchObject({
      level: 'warn',
      reason: 'the message is not JSON',
      receives: MAX_RECEIVES,
    });
    expect(last(notJson)?.text).toContain('dead-letter queue');
    expect(last(noEvent)?.reason).toContain('neither an event of EventBridge nor a notification');
    expect(await reasonFor('{"cut off', bed.services)).toEqual([expect.stringContaining('no event: ')]);
    await redriveDeadLetters(queue.urls, queue.sqs, async () => undefined);
    await queue.drain(bed.services);
    expect(queue.dead()).toHaveLength(2); // it is as poisoned as before
  });

  test('a batch is carried at once: one that waits holds up no other, and the same event twice is carried once', async () => {
    const contents = new Map(['slow', 'a', 'b', 'c'].map((name) => [`${name}.bin`, bytesOf(name, 40_000)]));
    const ids: string[] = [];
    for (const [key, content] of contents) {
      const event = objectCreatedEvent(await bed.put(key, content));
      ids.push(await queue.send(event), await queue.send(event));
    }
    const othersAreStored = Promise.withResolvers<void>();
    let stored = 0;
    const services: Wired = {
      ...heldBack(bed.services, 'slow.bin', othersAreStored.promise),
      observe: ({ kind }) => {
        if (kind === 'stored') stored += 1;
        if (stored === contents.size - 1) othersAreStored.resolve();
      },
    };

    await queue.drain(services);

    for (const [key, content] of contents) expect(await bed.stored(key)).toEqual(content);
    for (const key of contents.keys()) expect(bed.ops(key).filter((op) => op === 'upload')).toHaveLength(1);
    expect(bed.log.filter(({ messageId }) => ids.includes(String(messageId)))).toEqual([]); // none came again
  });

  test('what has no time left in its batch is carried by the machine, and not by another try of the queue', async () => {
    const full = bytesOf('fills the room', 300_000);
    const waiting = bytesOf('waits for room', 200_000);
    await queue.send(objectCreatedEvent(await bed.put('full.bin', full)));
    const object = await bed.put('waiting.bin', waiting);
    const id = await queue.send(objectCreatedEvent(object));
    const isStored = Promise.withResolvers<void>();
    const services = heldBack(bed.services, 'full.bin', isStored.promise); // as long as the other one would have to wait

    const drained = queue.drain(services, 6_000);
    while (!(await bed.stored('waiting.bin'))) await setTimeout(20);
    isStored.resolve();
    await drained;
    await bed.machine.idle();

    expect(await bed.stored('full.bin')).toEqual(full);
    expect(await bed.stored('waiting.bin')).toEqual(waiting);
    expect(await bed.transferOf(object)).toMatchObject({ state: 'stored' });
    expect(bed.log.filter(({ messageId }) => messageId === id)).toEqual([]); // it did not come again
  });

  test('what fails again and again is failed with its reason, and redrive begins it again', async () => {
    const content = bytesOf('stubborn', 3_000);
    const object = await bed.put('stubborn.bin', content);
    const before = queue.dead().length;
    bed.cos?.inject(refuse(1_000, 503, -71, { op: 'upload' }));

    await queue.send(objectCreatedEvent(object));
    await queue.drain(bed.services);

    expect(await bed.transferOf(object)).toMatchObject({
      state: 'failed',
      reason: { error: 'CosUnavailable', cosCode: -71, requestId: expect.any(String) },
    });
    expect(queue.dead()).toHaveLength(before + 1);
    bed.cos?.clearFaults();
    const told: string[] = [];
    const moved = await redriveDeadLetters(queue.urls, queue.sqs, async ({ Body = '' }) => {
      told.push(...(await reasonFor(Body, bed.services)));
    });
    expect(moved).toBe(before + 1);
    expect(told.join('\n')).toMatch(
      /s3:\/\/source\/stubborn\.bin: transfer \w+ is failed: CosUnavailable: .*-71/,
    );
    await queue.drain(bed.services);
    expect(await bed.stored('stubborn.bin')).toEqual(content);
    expect(await bed.transferOf(object)).toMatchObject({ state: 'stored' });
  });

  test('an object that may not be read is failed with its reason, and its event is a dead letter', async () => {
    const object = await bed.put('forbidden.bin', 'forbidden');
    bed.s3?.inject({
      key: 'forbidden.bin',
      act: { kind: 'status', status: 403, code: 'AccessDenied' },
    });
    const before = queue.dead().length;

    await queue.send(objectCreatedEvent(object));
    await queue.drain(bed.services);

    expect(queue.dead()).toHaveLength(before + 1);
    expect(await bed.transferOf(object)).toMatchObject({
      state: 'failed',
      reason: { error: 'SourceDenied' },
    });
    bed.s3?.clearFaults();
    await redriveDeadLetters(queue.urls, queue.sqs, async () => undefined);
    await queue.drain(bed.services);
    expect(String(await bed.stored('forbidden.bin'))).toBe('forbidden');
  });

  test('an object that was deleted before its event came leaves a record and no dead letter', async () => {
    const dead = queue.dead().length;
    const object = { bucket: 'source', key: 'short-lived.bin', size: 5, etag: 'e', sequencer: '01' };

    await queue.send(objectCreatedEvent(object));
    await queue.drain(bed.services);

    expect(queue.dead()).toHaveLength(dead);
    expect(await bed.transferOf(object)).toMatchObject({
      state: 'superseded',
      reason: { error: 'SourceMissing' },
    });
  });

  test('npm run redrive moves the dead letters back and says why they were there', async () => {
    const before = queue.dead().length;
    expect(before).toBeGreaterThan(0);

    const { code, stderr } = await runHere('tools/redrive.ts', [], { env: outsideEnv() });

    expect(stderr).toContain('no event: this is neither an event of EventBridge');
    expect(stderr).toContain(`${before} events were moved back`);
    expect(code).toBe(0);
    expect(queue.dead()).toEqual([]);
    await queue.drain(bed.services);
  });

  test('a failed transfer begun again sends only what COS does not hold', async () => {
    const content = bytesOf('half', 524_288 * 4);
    const object = await bed.put('half.bin', content);
    bed.cos?.inject({
      op: 'upload_slice_data',
      offset: 524_288 * 3,
      times: 100,
      act: { kind: 'status', status: 403, code: -61 },
    });
    await queue.send(objectCreatedEvent(object));
    await queue.drain(bed.services);
    await bed.machine.idle();
    const failed = await bed.transferOf(object);
    expect(failed).toMatchObject({ state: 'failed', reason: { error: 'CosRefused', cosCode: -61 } });
    bed.cos?.clearFaults();
    const sentBefore = bed.ops('half.bin').filter((op) => op === 'upload_slice_data').length;
    const held = (await bed.cos?.unfinished('relay', 'half.bin'))?.held.length ?? 0;

    if (failed) await restartTransfer(failed, bed.services);
    await bed.machine.idle();

    expect(await bed.stored('half.bin')).toEqual(content);
    expect(held).toBeGreaterThan(0);
    const sent = bed.ops('half.bin').filter((op) => op === 'upload_slice_data').length - sentBefore;
    expect(sent).toBe(4 - held);
  });

  const outsideEnv = () => ({
    COS_REGION: 'gz',
    COS_APP_ID: '1250000000',
    COS_BUCKET: 'relay',
    COS_SECRET_ID: 'AKIDlocal',
    COS_SECRET_KEY: 'local-secret-key',
    COS_ENDPOINT: bed.cos?.origin ?? '',
    AWS_ENDPOINT_URL_S3: bed.s3?.origin ?? '',
    AWS_ENDPOINT_URL_SQS: queue.address,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    EVENTS_QUEUE_URL: queue.urls.events,
    DEAD_LETTER_QUEUE_URL: queue.urls.deadLetters,
  });
});
