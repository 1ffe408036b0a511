import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { localContext } from '../../local/stack/machine.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { targetName } from '../../shared/cos/target.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';
import { type EventBed, openEventBed, targetOf } from '../kit/event-bed.ts';
import { mortal } from '../kit/mortal.ts';
import { bytesOf, OPTIONS } from '../kit/relay-bed.ts';
import { type S3Event, startVersionedS3, type VersionedS3 } from '../kit/versioned-s3.ts';

const SLICED = 700_000;
const versioned = { versioned: true };

function withBed(env: Record<string, string> = {}) {
  let bed: EventBed;
  let s3: VersionedS3;
  beforeAll(async () => {
    s3 = await startVersionedS3(SOURCE_BUCKET);
    bed = await openEventBed({ env: { AWS_ENDPOINT_URL_S3: s3.origin, ...env } });
  });
  afterAll(async () => {
    await bed.close();
    await s3.close();
  });
  return {
    bed: () => bed,
    s3: () => s3,
    tell: async (event: S3Event | undefined) => {
      await bed.deliver(event);
      await bed.machine.idle();
    },
    sends: (key: string) => bed.ops(key).filter((op) => op === 'upload' || op === 'upload_slice_data').length,
  };
}

/** Delivers with services that stop in front of one operation until they are told to go on. */
function heldUp(bed: EventBed, operation: string) {
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let left = 1;
  const { services } = mortal(bed.services, {
    before: async ({ name }) => {
      if (name !== operation || left === 0) return;
      left -= 1;
      reached.resolve();
      await go.promise;
    },
  });
  return { services, reached: reached.promise, go: go.resolve };
}

async function handle(event: S3Event, services: Wired): Promise<boolean> {
  const { handler } = await import('../../functions/object-created.ts');
  const batch = { Records: [{ messageId: 'm', body: JSON.stringify(event) }] };
  const answer = await withServices(services, () => handler(batch, localContext('object-created', 60_000)));
  return answer?.batchItemFailures.length === 0;
}

describe.each([
  ['small', 5_000],
  ['sliced', SLICED],
])('versions of a %s object', (name, size) => {
  const { bed, s3, tell, sends } = withBed();
  const [first, second] = [bytesOf(`${name} 1`, size), bytesOf(`${name} 2`, size)];

  test('a repeated event sends nothing', async () => {
    const event = s3().put('repeated', first, versioned);
    await tell(event);
    const before = sends('repeated');

    await tell(event);
    await tell(event);

    expect(sends('repeated')).toBe(before);
  });

  test('an older event after a newer one leaves a record and nothing else', async () => {
    const [older, newer] = [s3().put('late', first, versioned), s3().put('late', second, versioned)];
    await tell(newer);
    const before = bed().ops('late').length;

    await tell(older);

    expect(await bed().stored('late')).toEqual(second);
    expect(bed().ops('late')).toHaveLength(before);
    const { transfers } = await bed().services.store.list('superseded', 10);
    expect(transfers.filter(({ source }) => source.key === 'late')).toHaveLength(1);
  });

  test('a newer version of the same size replaces the older one', async () => {
    await tell(s3().put('replaced', first, versioned));

    await tell(s3().put('replaced', second, versioned));

    expect(await bed().stored('replaced')).toEqual(second);
  });
});

describe('versions that meet', () => {
  const { bed, s3, tell } = withBed();

  test('a version that a call of the API named first has its place once its event comes', async () => {
    const event = s3().put('called', bytesOf('called', 5_000), versioned);
    const { services } = bed();
    const asked = { bucket: SOURCE_BUCKET, key: 'called' };
    const { object, metadata } = await services.source.pin(asked, new AbortController().signal);
    const to = { target: targetOf('called'), options: OPTIONS, metadata };
    const { id } = await registerTransfer({ kind: 's3', ...object }, to, services, { restart: false });

    await tell(event);

    const stored = await services.store.get(id);
    expect(stored).toMatchObject({ state: 'stored', source: { sequencer: expect.any(String) } });
    expect((await services.store.getTarget(targetName(targetOf('called'))))?.owner.sequencer).toBeDefined();
  });

  test('a newer version supersedes the running transfer of the older one', async () => {
    const older = s3().put('running', bytesOf('older', SLICED), versioned);
    const newest = bytesOf('newest', 4_000);
    const newer = s3().put('running', newest, versioned);
    bed().cos?.inject({
      op: 'upload_slice_data',
      times: 3,
      act: { kind: 'stall', when: 'before', forMs: 300 },
    });
    await bed().deliver(older);
    await until(() => bed().ops('running').includes('upload_slice_init'));

    await untilDone(newer);
    await bed().machine.idle();

    expect(await bed().stored('running')).toEqual(newest);
    const { transfers } = await bed().services.store.list('superseded', 10);
    expect(transfers.filter(({ source }) => source.key === 'running')).toHaveLength(1);
  });

  test.each(['cos.upload', 'cos.stat'])(
    'a newer version waits while an older one is before its %s',
    async (operation) => {
      const key = `held at ${operation}`;
      const older = s3().put(key, bytesOf('o', 4_000), {
        ...versioned,
        headers: { 'content-type': 'text/old' },
      });
      const newest = bytesOf('n', 4_000);
      const newer = s3().put(key, newest, { ...versioned, headers: { 'content-type': 'text/new' } });
      const held = heldUp(bed(), operation);
      const first = handle(older, held.services);
      await held.reached;

      const early = await handle(newer, bed().services);
      held.go();
      await first;
      await tell(newer);

      expect(early).toBe(false);
      expect(await bed().stored(key)).toEqual(newest);
      expect((await bed().cos?.file('relay', key))?.customHeaders).toEqual({ 'Content-Type': 'text/new' });
    },
  );

  test('a repeated event that is carried twice at once cannot bring the older version back', async () => {
    const older = s3().put('twice', bytesOf('o', 4_000), versioned);
    const held = heldUp(bed(), 'cos.upload');
    const slow = handle(older, held.services);
    await held.reached;

    const twin = await handle(older, bed().services);
    const newest = bytesOf('n', 4_000);
    const newer = s3().put('twice', newest, versioned);
    const early = await handle(newer, bed().services);
    held.go();
    const carried = await slow;
    await tell(newer);

    expect([twin, early, carried]).toEqual([false, false, true]);
    expect(await bed().stored('twice')).toEqual(newest);
  });

  test('an upload opened after a newer version took the target does not take its file away', async () => {
    const lateInit = await ownBed({
      env: { AWS_ENDPOINT_URL_S3: s3().origin },
      machine: {
        pauseMs: 2,
        meddle: (state, work) => work(state === 'OpenUpload' ? held.services : lateInit.services),
      },
    });
    const held = heldUp(lateInit, 'cos.open');
    const older = s3().put('orphan', bytesOf('older', SLICED), versioned);
    const [small, large] = [bytesOf('newer', 4_000), bytesOf('newest', SLICED)];
    await lateInit.deliver(older);
    await held.reached;
    await lateInit.deliver(s3().put('orphan', small, versioned));
    held.go();
    await lateInit.machine.idle();

    const between = await lateInit.stored('orphan');
    await lateInit.deliver(s3().put('orphan', large, versioned));
    await lateInit.machine.idle();

    expect(between).toEqual(small);
    expect(await lateInit.stored('orphan')).toEqual(large);
  });

  test('a delete that was decided before a newer version came does not take its file', async () => {
    const lateDelete = await ownBed({
      env: { AWS_ENDPOINT_URL_S3: s3().origin },
      machine: {
        pauseMs: 20,
        meddle: (state, work) => work(state === 'OpenUpload' ? held.services : lateDelete.services),
      },
    });
    let held = heldUp(lateDelete, 'nothing');
    lateDelete.cos?.inject({
      op: 'upload_slice_data',
      times: 20,
      act: { kind: 'stall', when: 'before', forMs: 200 },
    });
    await lateDelete.deliver(s3().put('delete', bytesOf('1', SLICED), versioned));
    await until(() => lateDelete.ops('delete').includes('upload_slice_init'));
    await until(async () => (await lateDelete.services.store.list('sending', 5)).transfers.length > 0);
    held = heldUp(lateDelete, 'cos.remove');
    await lateDelete.deliver(s3().put('delete', bytesOf('2', SLICED), versioned));
    await held.reached;

    const newest = s3().put('delete', bytesOf('3', 4_000), versioned);
    const early = await handle(newest, lateDelete.services);
    held.go();
    lateDelete.cos?.clearFaults();
    await untilDone(newest, lateDelete);
    await lateDelete.machine.idle();

    expect(early).toBe(false);
    expect(await lateDelete.stored('delete')).toEqual(bytesOf('3', 4_000));
  });

  test('a file that a transfer wrote and never recorded is not taken for the next version', async () => {
    const died = await ownBed({ env: { AWS_ENDPOINT_URL_S3: s3().origin, SMALL_OBJECT_MAX: '0' } });
    const [first, second] = [bytesOf('written', SLICED), bytesOf('recorded', SLICED)];
    died.cos?.inject({ op: 'stat', skip: 1, times: 1, act: { kind: 'status', status: 403, code: -61 } });
    await died.deliver(s3().put('unsure', first, versioned));
    await died.machine.idle();
    const written = await died.stored('unsure');

    await died.deliver(s3().put('unsure', second, versioned));
    await died.machine.idle();

    expect(written).toEqual(first);
    expect(await died.stored('unsure')).toEqual(second);
  });

  async function untilDone(event: S3Event, on = bed()): Promise<void> {
    while (!(await handle(event, on.services))) await pause();
  }
});

describe('DELETES=mirror', () => {
  const { bed, s3, tell } = withBed({ DELETES: 'mirror' });
  const [one, two] = [bytesOf('one', 4_000), bytesOf('two', 4_000)];

  test.each([[{ versioned: false }], [{ versioned: true }]])('a deletion is mirrored (%j)', async (kind) => {
    const key = `gone ${kind.versioned}`;
    await tell(s3().put(key, one, kind));

    await tell(s3().remove(key, kind));

    expect(await bed().stored(key)).toBeUndefined();
  });

  test('an older creation after the deletion does not bring the file back', async () => {
    const created = s3().put('late creation', one, versioned);
    await tell(s3().remove('late creation', versioned));

    await tell(created);

    expect(await bed().stored('late creation')).toBeUndefined();
  });

  test('a late deletion does not take a newer file', async () => {
    await tell(s3().put('back', one));
    const removed = s3().remove('back');
    const again = s3().put('back', two);
    await tell(again);

    await tell(removed);

    expect(await bed().stored('back')).toEqual(two);
  });

  test('the deletion of an old version leaves the current file', async () => {
    await tell(s3().put('old version', one, versioned));
    await tell(s3().put('old version', two, versioned));

    await tell(s3().destroy('old version', 1));

    expect(await bed().stored('old version')).toEqual(two);
  });

  test('the deletion of the current version brings the one before back, and so does that of a marker', async () => {
    await tell(s3().put('revived', one, versioned));
    await tell(s3().put('revived', two, versioned));
    await tell(s3().destroy('revived', 0));
    const afterVersion = await bed().stored('revived');
    await tell(s3().remove('revived', versioned));
    const afterMarker = await bed().stored('revived');

    await tell(s3().destroy('revived', 0));

    expect(afterVersion).toEqual(one);
    expect(afterMarker).toBeUndefined();
    expect(await bed().stored('revived')).toEqual(one);
  });

  test('a deletion stops the transfer that is running', async () => {
    await tell(s3().put('stopped', one));
    bed().cos?.inject({
      op: 'upload_slice_data',
      times: 3,
      act: { kind: 'stall', when: 'before', forMs: 200 },
    });
    await bed().deliver(s3().put('stopped', bytesOf('large', SLICED)));
    await until(async () =>
      (await bed().services.store.list('sending', 5)).transfers.some(
        ({ source }) => source.key === 'stopped',
      ),
    );

    await tell(s3().remove('stopped'));

    expect(await bed().stored('stopped')).toBeUndefined();
    expect(await bed().cos?.unfinished('relay', 'stopped')).toBeUndefined();
  });
});

test('DELETES=ignore, the default, leaves the file and says so', async () => {
  const s3 = await startVersionedS3(SOURCE_BUCKET);
  onTestFinished(s3.close);
  const bed = await ownBed({ env: { AWS_ENDPOINT_URL_S3: s3.origin } });
  await bed.deliver(s3.put('kept', bytesOf('kept', 1_000)));

  await bed.deliver(s3.remove('kept'));

  expect(await bed.stored('kept')).toEqual(bytesOf('kept', 1_000));
  expect(bed.log.some(({ text }) => text.includes('DELETES=ignore'))).toBe(true);
});

test('a deletion is not believed when S3 may not be asked', async () => {
  const bed = await ownBed({ env: { DELETES: 'mirror' } });
  const object = await bed.put('secret', 'secret');
  await bed.announce(object);
  bed.s3?.inject({ op: 'head', key: 'secret', act: { kind: 'status', status: 403, code: 'AccessDenied' } });
  const event = {
    source: 'aws.s3',
    'detail-type': 'Object Deleted',
    detail: { bucket: { name: SOURCE_BUCKET }, object: { key: 'secret', sequencer: 'FF' } },
  };

  const refused = await bed.deliver(event).catch((error: Error) => error.message);

  expect(refused).toContain('HTTP 403');
  expect(String(await bed.stored('secret'))).toBe('secret');
});

async function ownBed(options: Parameters<typeof openEventBed>[0]): Promise<EventBed> {
  const bed = await openEventBed(options);
  onTestFinished(bed.close);
  return bed;
}

const pause = () => new Promise((resolve) => setImmediate(resolve));

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause();
}

describe('what S3 holds changes between the question and the claim', () => {
  const { bed, s3, tell } = withBed({ DELETES: 'mirror' });

  test.each([
    ['empty', 0],
    ['small', 5_000],
  ])(
    'an %s version that is deleted before it has the target: the older one is carried',
    async (name, size) => {
      const content = bytesOf(`${name} older`, 4_000);
      const older = s3().put(name, content, versioned);
      const newer = s3().put(name, bytesOf(`${name} newer`, size), versioned);
      const { services, reached, go } = heldUp(bed(), 'store.get'); // S3 was asked, nothing is claimed yet

      const carried = handle(newer, services);
      await reached;
      await tell(s3().destroy(name, 0));
      go();
      expect(await carried).toBe(true);
      await tell(older);

      expect(await bed().stored(name)).toEqual(content);
    },
  );

  test('a deletion that is undone before it has the target deletes nothing', async () => {
    const content = bytesOf('undone', 4_000);
    await tell(s3().put('undone', content, versioned));
    const marker = s3().remove('undone', versioned);
    const { services, reached, go } = heldUp(bed(), 'store.getTarget'); // S3 said that the key holds nothing

    const mirrored = handle(marker, services);
    await reached;
    await tell(s3().destroy('undone', 0));
    go();
    expect(await mirrored).toBe(true);

    expect(await bed().stored('undone')).toEqual(content);
  });
});
