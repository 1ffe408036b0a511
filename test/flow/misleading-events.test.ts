import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { loadConfig } from '../../shared/config.ts';
import { targetName } from '../../shared/cos/target.ts';
import { SourceArchived } from '../../shared/errors.ts';
import { type EventBed, openEventBed, targetOf } from '../kit/event-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';

let bed: EventBed;
beforeAll(async () => {
  bed = await openEventBed({ env: { SOURCE_BUCKET, SOURCE_PREFIX: 'in/', RECEIPTS_PREFIX: 'receipts/' } });
});
afterAll(() => bed.close());

const native = (object: Record<string, unknown>, eventName = 'ObjectCreated:Put') => ({
  Records: [
    {
      eventSource: 'aws:s3',
      eventName,
      eventTime: '2026-11-21T12:00:00.000Z',
      s3: { bucket: { name: SOURCE_BUCKET }, object },
    },
  ],
});

/** What the handler of the event ends with: the name in its last warning, or nothing. */
const refusalOf = (event: unknown): Promise<string | undefined> =>
  bed.deliver(event).then(
    () => undefined,
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('identity does not rest on a field that need not identify (E2)', () => {
  test.each(['null', ''])(
    'of two overwrites with versionId %j the newer one is in COS',
    async (versionId) => {
      const key = `in/overwritten-${versionId}.bin`;
      for (const content of [bytesOf('first', 9_000), bytesOf('second', 9_000)])
        await bed.deliver(objectCreatedEvent(await bed.put(key, content), { versionId }));

      expect(await bed.stored(key)).toEqual(bytesOf('second', 9_000));
    },
  );
});

describe("facts come from S3's answer, an event is a hint (E13)", () => {
  test('an event that says 5 bytes of an object of 22 relays all of them', async () => {
    const content = Buffer.from('twenty-two bytes of it');
    const object = await bed.put('in/longer.bin', content);

    await bed.deliver(objectCreatedEvent({ ...object, size: 5 }));

    expect(await bed.stored('in/longer.bin')).toEqual(content);
    const transfer = await bed.transferOf(object);
    expect(transfer?.state === 'stored' && transfer.receipt.bytes).toEqual({ total: 22, sent: 22 });
  });

  test('a native record without size and ETag relays the object as S3 has it', async () => {
    const content = bytesOf('unsized', 12_345);
    const { sequencer } = await bed.put('in/unsized.bin', content);

    await bed.deliver(native({ key: 'in/unsized.bin', sequencer }));

    expect(await bed.stored('in/unsized.bin')).toEqual(content);
  });

  test('an event that says a large object is small sends it in slices', async () => {
    const content = bytesOf('large', 700_000);
    const object = await bed.put('in/large.bin', content);

    await bed.deliver(objectCreatedEvent({ ...object, size: 7 }));
    await bed.machine.idle();

    expect(await bed.stored('in/large.bin')).toEqual(content);
    expect(bed.ops('in/large.bin')).toContain('upload_slice_init');
  });
});

describe('events that are not ours are refused by name (E14)', () => {
  const object = { bucket: SOURCE_BUCKET, key: 'in/k.bin', size: 5, etag: 'e', sequencer: '01' };

  test.each([
    ['another bucket', { ...object, bucket: 'other' }],
    ['another prefix', { ...object, key: 'out/k.bin' }],
  ])('%s', async (_, foreign) => {
    const asked = bed.ops().length;

    const refused = await refusalOf(objectCreatedEvent(foreign));

    expect(refused).toContain('but the source is s3://source/in/*');
    expect(bed.ops()).toHaveLength(asked);
    expect(await bed.transferOf(foreign)).toBeUndefined();
  });

  test('a sequencer that is none: a true event that comes later is not superseded by it', async () => {
    const content = bytesOf('true', 5_000);
    const first = await bed.put('in/sequenced.bin', bytesOf('before', 5_000));

    const refused = await refusalOf(objectCreatedEvent({ ...first, sequencer: 'zzzz' }));
    await bed.deliver(objectCreatedEvent(await bed.put('in/sequenced.bin', content)));

    expect(refused).toContain('must be hexadecimal digits');
    expect(await bed.stored('in/sequenced.bin')).toEqual(content);
  });
});

describe('own output is never input (E1)', () => {
  const env = { COS_REGION: 'gz', COS_APP_ID: '1', COS_BUCKET: 'b', COS_SECRET_NAME: 'n' };
  const place = (SOURCE_PREFIX: string, RECEIPTS_PREFIX: string) =>
    loadConfig({ ...env, SOURCE_BUCKET: 's', RECEIPTS_BUCKET: 's', SOURCE_PREFIX, RECEIPTS_PREFIX });

  test('receipts inside the source are refused at the first call, with both names', () => {
    for (const [source, receipts] of [
      ['', 'receipts/'],
      ['re', 'receipts/'],
      ['receipts/2026/', 'receipts/'],
    ] as const)
      expect(() => place(source, receipts)).toThrow(/RECEIPTS_BUCKET.*s\/receipts\/.*SOURCE_BUCKET s\//);
    expect(() => place('in/', 'receipts/')).not.toThrow();
  });

  test('an event of a receipt is ignored, and an object beside it is not', async () => {
    const own = await openEventBed({ env: { RECEIPTS_BUCKET: SOURCE_BUCKET, SOURCE_PREFIX: 'in/' } });
    const receipt = `receipts/2026-11-21/${'a'.repeat(40)}.json`;
    try {
      await own.deliver(
        objectCreatedEvent({ bucket: SOURCE_BUCKET, key: receipt, size: 2, etag: 'e', sequencer: '01' }),
      );

      expect(own.log.map(({ text }) => text)).toContain(
        'an event of a receipt was ignored: it is our own output',
      );
      expect(own.ops()).toEqual([]);
    } finally {
      await own.close();
    }
  });
});

describe('the marker of a folder is known before its key is mapped (E9)', () => {
  test.each(['{prefix:incoming/→}', '{basename}', 'all/{key}'])(
    'with TARGET_PATH=%s',
    async (TARGET_PATH) => {
      const mapped = await openEventBed({ env: { TARGET_PATH } });
      const marker = { bucket: SOURCE_BUCKET, key: 'incoming/', size: 0, etag: 'e', sequencer: '01' };
      try {
        await mapped.deliver(objectCreatedEvent(marker));

        expect(mapped.log.map(({ text }) => text)).toEqual([
          expect.stringContaining('the marker of a folder'),
        ]);
      } finally {
        await mapped.close();
      }
    },
  );
});

describe('an archived object (E6)', () => {
  test('ends as SourceArchived, its event is done, and the event of its restore relays it', async () => {
    const content = bytesOf('cold', 20_000);
    const object = await bed.put('in/cold.bin', content);
    const { source } = bed.services;
    let archived = true;
    const services = {
      ...bed.services,
      source: {
        ...source,
        pin: async (...asked: Parameters<typeof source.pin>) => ({
          ...(await source.pin(...asked)),
          archived,
        }),
        fetch: async (...asked: Parameters<typeof source.fetch>) => {
          if (archived) throw new SourceArchived('S3 answered InvalidObjectState');
          return source.fetch(...asked);
        },
      },
    };
    const created = objectCreatedEvent(object);
    const deliver = (event: unknown) => handle(event, services);

    await deliver(created);
    const failed = await bed.transferOf(object);
    archived = false;
    const { sequencer: _, ...restored } = created.detail.object;
    const detail = { ...created.detail, object: restored };
    await deliver({ ...created, 'detail-type': 'Object Restore Completed', detail });

    expect(failed).toMatchObject({ state: 'failed', reason: { error: 'SourceArchived' } });
    expect(await bed.stored('in/cold.bin')).toEqual(content);
  });
});

describe('a version that its event alone tells of', () => {
  /** S3 with this version in an archive. */
  const archives = (etag: string): EventBed['services'] => {
    const { source } = bed.services;
    const isCold = (ref: { readonly etag?: string | undefined }) => ref.etag === etag;
    return {
      ...bed.services,
      source: {
        ...source,
        async pin(...asked: Parameters<typeof source.pin>) {
          return { ...(await source.pin(...asked)), archived: isCold(asked[0]) };
        },
        async fetch(...asked: Parameters<typeof source.fetch>) {
          if (isCold(asked[0])) throw new SourceArchived('S3 answered InvalidObjectState');
          return source.fetch(...asked);
        },
      },
    };
  };

  test('takes the target from nobody if it cannot be read: an older one that comes late is carried', async () => {
    const key = 'in/late.bin';
    const content = bytesOf('readable', 20_000);
    const newer = { ...(await bed.put(key, bytesOf('cold', 20_000))), sequencer: '0F' };
    await handle(objectCreatedEvent(newer), archives(newer.etag));
    const older = { ...(await bed.put(key, content)), sequencer: '0A' };

    await bed.deliver(objectCreatedEvent(older));

    expect(await bed.transferOf(newer)).toMatchObject({
      state: 'failed',
      reason: { error: 'SourceArchived' },
    });
    expect(await bed.transferOf(older)).toMatchObject({ state: 'stored' });
    expect(await bed.stored(key)).toEqual(content);
  });

  test('leaves the record of the file that is there, so that the next version is known from it', async () => {
    const key = 'in/known.bin';
    const first = await bed.put(key, bytesOf('first', 20_000));
    await bed.deliver(objectCreatedEvent(first));
    const before = await bed.services.store.getTarget(targetName(targetOf(key)));
    const cold = await bed.put(key, bytesOf('cold', 20_000));

    await handle(objectCreatedEvent(cold), archives(cold.etag));

    const { revision: _, ...after } = (await bed.services.store.getTarget(targetName(targetOf(key)))) ?? {};
    expect(before).toMatchObject(after);
    expect(after).toMatchObject({ owner: { etag: first.etag }, active: false, file: { state: 'stored' } });
  });
});

async function handle(event: unknown, services: EventBed['services']): Promise<void> {
  const { handler } = await import('../../functions/object-created.ts');
  const { withServices } = await import('../../shared/wiring/wiring.ts');
  const { localContext } = await import('../../local/stack/machine.ts');
  await withServices(services, () => handler(event, localContext('object-created', 300_000)));
}
