import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EventBed, openEventBed, targetOf } from '../kit/event-bed.ts';
import { bytesOf, outsider } from '../kit/relay-bed.ts';

const SLICED = 700_000;
const never = new AbortController().signal;
const beds: EventBed[] = [];
const open = async (env: Record<string, string> = {}) => {
  const bed = await openEventBed({ env });
  beds.push(bed);
  return bed;
};
let bed: EventBed;
beforeAll(async () => {
  bed = await open();
});
afterAll(async () => {
  for (const each of beds) await each.close();
});

async function relay(at: EventBed, key: string, content: Uint8Array) {
  const object = await at.put(key, content);
  await at.announce(object);
  await at.machine.idle();
  const transfer = await at.transferOf(object);
  if (transfer?.state !== 'stored') throw new Error(`it is ${transfer?.state}`);
  return transfer.receipt;
}

/** A file of somebody else, by slices and without a SHA-1: COS then has none to state. */
async function occupy(at: EventBed, path: string, content: Uint8Array): Promise<void> {
  if (!at.cos) throw new Error('this bed has a COS of its own');
  const client = outsider(at.cos);
  const target = targetOf(path);
  const size = content.length;
  const opened = await client.open(target, { size, sliceSize: 1_048_576, insertOnly: false }, never);
  if (opened.kind !== 'session') throw new Error(opened.kind);
  await client.put(target, { session: opened.session, offset: 0, content }, never);
  await client.finish(target, { session: opened.session, size }, never);
  await client.close();
}

describe('what is not proven is sent (E3)', () => {
  test('a foreign file of the same size and a newer time is replaced by default', async () => {
    const content = bytesOf('mine', SLICED);
    const object = await bed.put('guess.bin', content);
    await occupy(bed, 'guess.bin', bytesOf('theirs', SLICED));

    await bed.announce(object);
    await bed.machine.idle();

    expect((await bed.stored('guess.bin'))?.equals(content)).toBe(true);
    const transfer = await bed.transferOf(object);
    expect(transfer?.state === 'stored' && transfer.receipt).toMatchObject({
      how: 'sent',
      evidence: 'md5-of-each-slice',
    });
  });

  test('it is left only under the policy of that name, and the receipt says that nothing is proven', async () => {
    const guessing = await open({ ON_EXISTING: 'skip-same-size' });
    const theirs = bytesOf('theirs', SLICED);
    const object = await guessing.put('guess.bin', bytesOf('mine', SLICED));
    await occupy(guessing, 'guess.bin', theirs);

    await guessing.announce(object);
    await guessing.machine.idle();

    expect((await guessing.stored('guess.bin'))?.equals(theirs)).toBe(true);
    const transfer = await guessing.transferOf(object);
    expect(transfer?.state === 'stored' && transfer.receipt).toMatchObject({
      how: 'skipped',
      evidence: 'unproven',
    });
  });

  test('a small object rests on the SHA-1 that COS states', async () => {
    expect(await relay(bed, 'small.bin', bytesOf('small', 5_000))).toMatchObject({
      how: 'direct',
      evidence: 'sha1',
    });
  });

  test('the same version again rests on our own record of it, while the file is the one of then', async () => {
    const content = bytesOf('twice', SLICED);
    await relay(bed, 'twice.bin', content);
    const first = await bed.services.store.getTarget('gz/1250000000/relay/twice.bin');
    const { object } = await bed.services.source.pin({ bucket: 'source', key: 'twice.bin' }, never);
    const again = { ...object, sequencer: 'FFFFFFFFFFFFFFFFFFFF' };
    await bed.deliver(restored(again));
    await bed.machine.idle();
    const recorded = await receiptOf(again);
    await sleep(1_100); // COS states times in seconds
    await occupy(bed, 'twice.bin', bytesOf('other', SLICED));

    const third = { ...object, sequencer: 'FFFFFFFFFFFFFFFFFFFFF' };
    await bed.deliver(restored(third));
    await bed.machine.idle();

    expect(first?.file).toMatchObject({ state: 'stored', createdAt: expect.any(Number) });
    expect(recorded).toMatchObject({ how: 'skipped', evidence: 'own-record' });
    expect((await bed.stored('twice.bin'))?.equals(content)).toBe(true);
    expect(await receiptOf(third)).toMatchObject({ how: 'sent' });
  });
});

type Announced = { bucket: string; key: string; etag: string; size: number; sequencer: string };

const restored = ({ bucket, ...object }: Announced) => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  time: '2026-11-21T12:00:00Z',
  detail: { bucket: { name: bucket }, object },
});

async function receiptOf(object: Announced) {
  const transfer = await bed.transferOf(object);
  return transfer?.state === 'stored' ? transfer.receipt : transfer;
}

describe('what is not carried over stands in the receipt (E16)', () => {
  test('by name, beside the headers that were set', async () => {
    const { source } = bed.services;
    const content = bytesOf('tagged', 4_000);
    const object = await bed.put('tagged.bin', content, { cacheControl: 'no-cache' });
    const services = {
      ...bed.services,
      source: {
        ...source,
        fetch: async (...asked: Parameters<typeof source.fetch>) => {
          const fetched = await source.fetch(...asked);
          return { ...fetched, metadata: { ...fetched.metadata, notCarried: ['acl', 'tags', 'expires'] } };
        },
      },
    };
    const { objectCreatedEvent } = await import('../../local/s3/drop/object-created-event.ts');

    await handle(objectCreatedEvent(object), services);

    expect(await receiptOf(object)).toMatchObject({
      notCarried: ['acl', 'tags', 'expires'],
      metadata: { set: expect.arrayContaining(['Cache-Control']), refused: [] },
    });
  });
});

describe('names that a database could not bear', () => {
  test('metadata named constructor and __proto__ reaches COS, once (E12)', async () => {
    const object = await bed.put('named.bin', bytesOf('named', 3_000), {
      metadata: Object.fromEntries([
        ['constructor', 'a'],
        ['hasownproperty', 'b'],
      ]),
    });
    await bed.announce(object);

    const file = await bed.services.cos.stat(targetOf('named.bin'), never);

    expect(file).toMatchObject({
      headers: { 'x-cos-meta-constructor': 'a', 'x-cos-meta-hasownproperty': 'b' },
    });
    expect(bed.ops('named.bin').filter((op) => op === 'upload')).toHaveLength(1);
  });

  test('a target path that outgrows a key of DynamoDB arrives (E10)', async () => {
    const long = `${'d'.repeat(200)}/`.repeat(14);
    const deep = await open({ TARGET_PATH: `${long}{key}` });
    const content = bytesOf('deep', SLICED);

    const object = await deep.put('deep.bin', content);
    await deep.announce(object);
    await deep.machine.idle();

    expect(Buffer.byteLength(`${long}deep.bin`)).toBeGreaterThan(2_048);
    expect(await deep.transferOf(object, `${long}deep.bin`)).toMatchObject({ state: 'stored' });
    expect((await deep.stored(`${long}deep.bin`))?.equals(content)).toBe(true);
  });
});

describe('an object above the ceiling of the v4 API (E17)', () => {
  test('is TooLarge by name before anything is sent', async () => {
    const low = await open({ MAX_OBJECT_BYTES: '1000' });
    const object = await low.put('large.bin', bytesOf('large', 1_001));
    const fits = await low.put('fits.bin', bytesOf('fits', 1_000));

    await low.deliver(restored(object)).catch(() => undefined);
    await low.deliver(restored(fits));

    expect(await low.transferOf(object)).toMatchObject({
      state: 'failed',
      reason: { error: 'TooLarge', wayOut: expect.stringContaining('MAX_OBJECT_BYTES') },
    });
    expect(low.ops('large.bin')).toEqual([]);
    expect(await low.transferOf(fits)).toMatchObject({ state: 'stored' });
  });
});

async function handle(event: unknown, services: EventBed['services']): Promise<void> {
  const { handler } = await import('../../functions/object-created.ts');
  const { withServices } = await import('../../shared/wiring/wiring.ts');
  const { localContext } = await import('../../local/stack/machine.ts');
  await withServices(services, () => handler(event, localContext('object-created', 300_000)));
}
