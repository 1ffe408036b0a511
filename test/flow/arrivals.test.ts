import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { type EventBed, openEventBed, targetOf } from '../kit/event-bed.ts';
import { mortal } from '../kit/mortal.ts';
import { ODD_KEYS } from '../kit/odd-keys.ts';
import { bytesOf, outsider, sha1 } from '../kit/relay-bed.ts';

const SLICED = 524_288 + 7_777;

/** One bed for the tests of a block, with what they need to differ. */
function withBed(env: Record<string, string> = {}): () => EventBed {
  let bed: EventBed | undefined;
  beforeAll(async () => {
    bed = await openEventBed({ env });
  });
  afterAll(() => bed?.close());
  return () => {
    if (!bed) throw new Error('the bed is not open yet');
    return bed;
  };
}

/** Puts an object, delivers its event and waits for whatever that started. */
async function relay(
  bed: EventBed,
  key: string,
  ...[content, properties]: Tail<Parameters<EventBed['put']>>
) {
  const object = await bed.put(key, content, properties);
  await bed.announce(object);
  await bed.machine.idle();
  return { object, transfer: await bed.transferOf(object) };
}
type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never;

async function receiptOf(bed: EventBed, object: Parameters<EventBed['transferOf']>[0]) {
  const transfer = await bed.transferOf(object);
  if (transfer?.state !== 'stored') throw new Error(`it is ${transfer?.state}`);
  return transfer.receipt;
}

describe('small objects', () => {
  const bed = withBed();

  test('go in one op=upload, without the state machine, and get a receipt', async () => {
    const content = bytesOf('one request', 65_536);

    const { object } = await relay(bed(), 'one/request.bin', content);

    expect(await bed().stored('one/request.bin')).toEqual(content);
    expect(bed().ops('one/request.bin')).toEqual(['upload', 'upload', 'stat']); // the first met no directory
    expect(bed().machine.executions.size).toBe(0);
    expect(await receiptOf(bed(), object)).toMatchObject({
      how: 'direct',
      bytes: { total: 65_536, sent: 65_536 },
      verified: { size: 65_536, sha1: sha1(content), sha1Matches: true },
      attempts: 1,
    });
  });

  test('an empty object arrives too', async () => {
    const { object } = await relay(bed(), 'empty.bin', '');

    expect(await bed().stored('empty.bin')).toEqual(Buffer.alloc(0));
    expect(await receiptOf(bed(), object)).toMatchObject({ how: 'direct', verified: { size: 0 } });
  });

  test('cost one request of S3, two requests of COS, two reads and three writes of the table', async () => {
    await relay(bed(), 'frugal/first.bin', 'makes the directory');
    const object = await bed().put('frugal/second.bin', bytesOf('frugal', 65_536));
    const done: string[] = [];
    const { services } = mortal(bed().services, { before: ({ name }) => void done.push(name) });

    await handle(objectCreatedEvent(object), services);

    expect(done).toEqual([
      'store.get',
      'store.getTarget',
      'store.replaceTarget',
      'source.fetch',
      'cos.upload',
      'cos.stat',
      'store.replaceTarget',
      'store.replace',
    ]);
  });

  test('SMALL_OBJECT_MAX is the last size that goes directly', async () => {
    await relay(bed(), 'last-direct.bin', bytesOf('d', 300_000));
    await relay(bed(), 'first-sliced.bin', bytesOf('s', 300_001));

    expect(bed().ops('last-direct.bin')).not.toContain('upload_slice_init');
    expect(bed().ops('first-sliced.bin')).toContain('upload_slice_init');
  });

  test('a new version replaces the one that was relayed before in one request', async () => {
    await relay(bed(), 'again.bin', bytesOf('first', 10_000));
    const from = bed().ops('again.bin').length;

    await relay(bed(), 'again.bin', bytesOf('second', 10_000));

    expect(await bed().stored('again.bin')).toEqual(bytesOf('second', 10_000));
    expect(bed().ops('again.bin').slice(from)).toEqual(['upload', 'stat']);
  });

  test('a call that died in the middle keeps others away until its hold is over', async () => {
    let offsetMs = 0;
    const mortalBed = await openEventBed({ wiring: { clock: () => Date.now() + offsetMs } });
    try {
      const first = await mortalBed.put('crash.bin', bytesOf('first', 5_000));
      const services = {
        ...mortalBed.services,
        cos: { ...mortalBed.services.cos, upload: () => new Promise<never>(() => undefined) },
      };
      void handle(objectCreatedEvent(first), services); // it never comes back, as a killed call does
      await until(async () => (await targetRecord(mortalBed, 'crash.bin'))?.hold?.by !== undefined);
      const second = await mortalBed.put('crash.bin', bytesOf('second', 5_000));

      const early = await mortalBed.announce(second).catch((error: Error) => error.message);
      offsetMs = 121_000;
      await mortalBed.announce(second);
      await mortalBed.announce(first); // the queue gives it out again

      expect(early).toContain('is being written by transfer');
      expect(await mortalBed.stored('crash.bin')).toEqual(bytesOf('second', 5_000));
      expect(await mortalBed.transferOf(first)).toMatchObject({ state: 'superseded' });
    } finally {
      await mortalBed.close();
    }
  });
});

describe('directories', () => {
  const bed = withBed();

  test('a missing parent is made once, from the top, and remembered', async () => {
    for (const name of ['a', 'b', 'c'])
      await relay(bed(), `deep/er/and/deeper/${name}.bin`, bytesOf(name, 100));
    await relay(bed(), 'deep/er/and/large.bin', bytesOf('large', SLICED));

    expect(
      bed()
        .ops()
        .filter((op) => op === 'create'),
    ).toHaveLength(4);
    expect(await bed().stored('deep/er/and/deeper/c.bin')).toEqual(bytesOf('c', 100));
    expect(await bed().stored('deep/er/and/large.bin')).toEqual(bytesOf('large', SLICED));
  });

  test('one that somebody else made is fine, and one that was removed is made again', async () => {
    const client = outsider(bed().cos ?? fail());
    const signal = AbortSignal.timeout(60_000);
    await client.createDirectory(targetOf('made/'), signal);
    await relay(bed(), 'made/by-others/x.bin', bytesOf('x', 100));
    await client.remove(targetOf('made/by-others/x.bin'), signal);
    await client.remove(targetOf('made/by-others/'), signal);

    await relay(bed(), 'made/by-others/y.bin', bytesOf('y', 100));

    expect(await bed().stored('made/by-others/y.bin')).toEqual(bytesOf('y', 100));
    await client.close();
  });

  test("a folder's marker becomes a directory, not a file", async () => {
    const marker = { bucket: SOURCE_BUCKET, key: 'photos/2026/', size: 0, etag: 'e', sequencer: '01' };

    await bed().deliver(objectCreatedEvent(marker));

    await relay(bed(), 'photos/2026/a.bin', bytesOf('a', 10));
    expect(bed().ops('photos/2026/a.bin')).toEqual(['upload', 'stat']); // its directory was there
  });
});

describe('names', () => {
  const bed = withBed();
  const holdable = ODD_KEYS.filter((key) => !isUnholdable(key));

  test.each(holdable.map((key) => [key]))('%j arrives under its own name', async (key) => {
    const content = bytesOf(key, 3_000);

    await relay(bed(), key, content);

    expect(await bed().stored(key)).toEqual(content);
  });

  test('1,024 bytes of Chinese and emoji arrive in slices too', async () => {
    const key = `${'长'.repeat(200)}/🎬 ${"!*'()".repeat(20)}/${'文'.repeat(100)}.bin`;
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1_024);

    await relay(bed(), key, bytesOf(key, SLICED));

    expect(await bed().stored(key)).toEqual(bytesOf(key, SLICED));
  });

  test.each([['a//b'], ['/a'], ['a/../b'], ['tab\there'], ['..']])(
    '%j fails by name before anything is sent',
    async (key) => {
      const object = { bucket: SOURCE_BUCKET, key, size: 5, etag: 'e', sequencer: '01' };
      const before = bed().ops().length;

      const refused = await bed()
        .deliver(objectCreatedEvent(object))
        .catch((error: Error) => error.message);

      expect(refused).toContain('COS cannot hold a file named');
      expect(await bed().transferOf(object)).toMatchObject({
        state: 'failed',
        reason: { error: 'BadInput' },
      });
      expect(bed().ops()).toHaveLength(before);
    },
  );
});

describe('TARGET_PATH', () => {
  const bed = withBed({ TARGET_PATH: 'cn/{prefix:videos/→media/}' });

  test('maps keys by template', async () => {
    await relay(bed(), 'videos/a b.mp4', 'movie');
    await relay(bed(), 'other/c.mp4', 'other');

    expect(String(await bed().stored('cn/media/a b.mp4'))).toBe('movie');
    expect(String(await bed().stored('cn/other/c.mp4'))).toBe('other');
  });
});

describe('metadata', () => {
  const bed = withBed();
  const headers = {
    contentType: 'video/mp4',
    cacheControl: 'max-age=60',
    contentDisposition: 'attachment; filename="a.mp4"',
    contentLanguage: 'zh-CN',
    metadata: { owner: 'studio', 'shot-id': '42' },
  };
  const inCos = {
    'Content-Type': 'video/mp4',
    'Cache-Control': 'max-age=60',
    'Content-Disposition': 'attachment; filename="a.mp4"',
    'Content-Language': 'zh-CN',
    'x-cos-meta-owner': 'studio',
    'x-cos-meta-shot-id': '42',
  };
  const headersOf = async (path: string) => (await bed().cos?.file('relay', path))?.customHeaders;

  test.each([
    ['a small', 'small.mp4', 2_000],
    ['a sliced', 'sliced.mp4', SLICED],
  ])('%s object has the headers it had in S3', async (_, key, size) => {
    const { object } = await relay(bed(), key, bytesOf(key, size), headers);

    expect(await headersOf(key)).toEqual(inCos);
    expect((await receiptOf(bed(), object)).metadata).toEqual({ set: Object.keys(inCos), refused: [] });
    expect(
      bed()
        .ops(key)
        .filter((op) => op === 'update'),
    ).toHaveLength(1);
  });

  test('how the content is encoded goes along', async () => {
    const { object } = await relay(bed(), 'zipped.txt', 'zipped', { ...headers, contentEncoding: 'gzip' });

    expect(await headersOf('zipped.txt')).toEqual({ ...inCos, 'Content-Encoding': 'gzip' });
    expect((await receiptOf(bed(), object)).metadata?.refused ?? []).toEqual([]);
  });

  test('of many headers the refused ones are found one by one', async () => {
    const metadata = { fine: 'yes', 'not.a.word': 'dots', also: 'yes' };

    const { object } = await relay(bed(), 'dots.bin', 'dots', { metadata });

    expect(await headersOf('dots.bin')).toEqual({
      'Content-Type': 'binary/octet-stream',
      'x-cos-meta-fine': 'yes',
      'x-cos-meta-also': 'yes',
    });
    expect((await receiptOf(bed(), object)).metadata?.refused).toEqual(['x-cos-meta-not.a.word']);
  });

  test('an object without headers costs no update', async () => {
    await relay(bed(), 'plain.bin', 'plain');

    expect(bed().ops('plain.bin')).toEqual(['upload', 'stat']);
  });

  test('headers of a version before do not stay', async () => {
    await relay(bed(), 'changes.mp4', 'first', headers);
    await relay(bed(), 'changes.mp4', 'second', { contentType: 'text/plain' });

    expect(await headersOf('changes.mp4')).toEqual({ 'Content-Type': 'text/plain' });
  });
});

describe.each([
  ['small', 4_000, 'skip-same'],
  ['sliced', SLICED, 'skip-same-size'], // nothing proves it: test/flow/evidence.test.ts
] as const)('onExisting for a %s object', (_, size, ON_EXISTING) => {
  const skip = withBed({ ON_EXISTING });
  const over = withBed({ ON_EXISTING: 'overwrite' });
  const never = withBed({ ON_EXISTING: 'fail' });
  const mine = bytesOf(`mine ${size}`, size);

  /** A file of somebody else at the path, newer than the source, with a sha that COS tells. */
  async function occupy(bed: EventBed, path: string, content: Uint8Array): Promise<void> {
    const client = outsider(bed.cos ?? fail());
    const request = { content, insertOnly: false, sha1: sha1(content) };
    await client.upload(targetOf(path), request, AbortSignal.timeout(60_000));
    await client.close();
  }

  test('skipping leaves the same file and says so', async () => {
    const object = await skip().put('same.bin', mine);
    await occupy(skip(), 'same.bin', mine);

    await skip().announce(object);
    await skip().machine.idle();

    expect((await receiptOf(skip(), object)).how).toBe('skipped');
    expect(skip().ops('same.bin')).not.toContain('upload_slice_data');
  });

  test('skipping replaces another file', async () => {
    await occupy(skip(), 'other.bin', bytesOf('other', size + 1));

    const { object } = await relay(skip(), 'other.bin', mine);

    expect(await skip().stored('other.bin')).toEqual(mine);
    expect((await receiptOf(skip(), object)).how).not.toBe('skipped');
  });

  test('overwrite replaces even the same file', async () => {
    await occupy(over(), 'same.bin', mine);

    const { object } = await relay(over(), 'same.bin', mine);

    expect((await receiptOf(over(), object)).how).not.toBe('skipped');
  });

  test('fail leaves the file and fails by name', async () => {
    const theirs = bytesOf('theirs', 100);
    await occupy(never(), 'theirs.bin', theirs);
    const object = await never().put('theirs.bin', mine);

    await never()
      .announce(object)
      .catch(() => undefined); // a small one is refused to the queue
    await never().machine.idle();

    expect(await never().stored('theirs.bin')).toEqual(theirs);
    expect(await never().transferOf(object)).toMatchObject({
      state: 'failed',
      reason: { error: 'TargetExists' },
    });
  });
});

const isUnholdable = (key: string): boolean =>
  key.endsWith('/') ||
  key.split('/').some((part) => part === '' || part === '.' || part === '..') ||
  /\p{Cc}/u.test(key);

function fail(): never {
  throw new Error('this bed has a COS of its own');
}

async function handle(event: unknown, services: EventBed['services']): Promise<void> {
  const { handler } = await import('../../functions/object-created.ts');
  const { withServices } = await import('../../shared/wiring/wiring.ts');
  const { localContext } = await import('../../local/stack/machine.ts');
  await withServices(services, () => handler(event, localContext('object-created', 300_000)));
}

const targetRecord = (bed: EventBed, path: string) =>
  bed.services.store.getTarget(`gz/1250000000/relay/${path}`);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
