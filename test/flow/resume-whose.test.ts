import { expect, test } from 'vitest';
import { forgetSession } from '../../local/cos/faults.ts';
import { listSlices } from '../../shared/relay/list-slices.ts';
import { openUpload } from '../../shared/relay/open-upload.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { carry, drop, never, PATH, reasonOf, testBed } from '../kit/carry.ts';
import { mortal } from '../kit/mortal.ts';
import { type Bed, bytesOf, outsider, SLICE, seen, sendings, sha1, targetOf } from '../kit/relay-bed.ts';
import { wholeOf } from '../kit/whole.ts';

const SIZE = 6 * SLICE + 7;

/** Somebody opens an upload of this path and sends its first slices. */
async function foreignUpload(bed: Bed, content: Uint8Array, slices: number, withSha = false) {
  const other = outsider(bed.cos);
  const target = targetOf(PATH);
  await other.createDirectory(targetOf('films/'), never);
  const whole = withSha ? { whole: await wholeOf(content, SLICE) } : {};
  const asked = { size: content.length, sliceSize: SLICE, insertOnly: true, ...whole };
  const opened = await other.open(target, asked, never);
  if (opened.kind !== 'session') throw new Error(`no session: ${opened.kind}`);
  const { session } = opened;
  for (let offset = 0; offset < slices * SLICE; offset += SLICE) {
    const sha = withSha ? { sha1: sha1(content) } : {};
    await other.put(
      target,
      { session, offset, content: content.subarray(offset, offset + SLICE), ...sha },
      never,
    );
  }
  await other.close();
  return session;
}

test('an upload recorded for this very version is taken up again, and only what is missing goes out', async () => {
  const bed = await testBed({ env: { MAX_IN_FLIGHT: '1', READERS: '1' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject({ op: 'upload_slice_data', skip: 3, act: { kind: 'status', status: 400, code: -31337 } });
  const { transfer: first } = await carry(bed, object);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(first.state).toBe('failed');
  expect(seen(bed.cos, 'upload_slice_init').filter(({ code }) => code === 0)).toHaveLength(1);
  const stored = seen(bed.cos, 'upload_slice_data').filter(({ code }) => code === 0);
  expect(new Set(stored.map(({ offset }) => offset)).size).toBe(stored.length);
});

test("somebody's upload of the path is deleted and the object sent whole, under onForeignUpload=replace", async () => {
  const bed = await testBed();
  const session = await foreignUpload(bed, bytesOf('somebody', SIZE), 3);
  const { bytes, object } = await drop(bed, SIZE);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(seen(bed.cos, 'upload_slice_finish').map((call) => call.session)).not.toContain(session);
});

test("somebody's upload of the path ends the transfer by name, under onForeignUpload=fail, and is left alone", async () => {
  const bed = await testBed({ env: { ON_FOREIGN_UPLOAD: 'fail' } });
  const session = await foreignUpload(bed, bytesOf('somebody', SIZE), 3);
  const { object } = await drop(bed, SIZE);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('failed');
  expect(reasonOf(transfer)?.error).toBe('ForeignUpload');
  expect((await bed.unfinished(PATH))?.session).toBe(session);
});

test('an upload that lists the sha of our source is ours, whoever opened it', async () => {
  const bed = await testBed({ env: { INTEGRITY: 'sha1' }, cos: { shaSuffix: '_1048576' } });
  const { bytes, object } = await drop(bed, SIZE);
  await foreignUpload(bed, bytes, 4, true);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect([...sendings(bed.cos).values()]).toEqual(Array.from({ length: 7 }, () => 1)); // four by somebody, three by us
});

test.each([
  ['replaced', 'replace', 'stored'],
  ['left alone, and the transfer fails by name', 'fail', 'failed'],
])('an upload with another sha (-4020) is %s under onForeignUpload=%s', async (_, policy, state) => {
  const bed = await testBed({ env: { INTEGRITY: 'sha1', ON_FOREIGN_UPLOAD: policy } });
  await foreignUpload(bed, bytesOf('somebody', SIZE), 2, true);
  const { object } = await drop(bed, SIZE);

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe(state);
  expect(seen(bed.cos, 'upload_slice_init').some(({ code }) => code === -4020)).toBe(true);
  expect(reasonOf(transfer)?.error).toBe(state === 'failed' ? 'ForeignUpload' : undefined);
});

test('an upload of another size is foreign', async () => {
  const bed = await testBed({ env: { ON_FOREIGN_UPLOAD: 'fail' } });
  await foreignUpload(bed, bytesOf('somebody', SIZE - 1), 1);
  const { object } = await drop(bed, SIZE);

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)?.error).toBe('ForeignUpload');
});

test('a session that COS forgot is opened anew', async () => {
  const bed = await testBed();
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject(forgetSession(1, { op: 'upload_slice_data', skip: 3 }));
  bed.cos.inject(forgetSession(1, { op: 'upload_slice_finish' }));

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
  expect(seen(bed.cos, 'upload_slice_init').filter(({ code }) => code === 0)).toHaveLength(3);
});

test('a COS that forgets every session ends the transfer with NoProgress', async () => {
  const bed = await testBed();
  const { object } = await drop(bed, SIZE);
  bed.cos.inject(forgetSession(1_000));

  const { transfer } = await carry(bed, object);

  expect(reasonOf(transfer)?.error).toBe('NoProgress');
  expect(await bed.stored(PATH)).toBeUndefined();
});

test('a session of ours that nobody lived to record is not taken for foreign', async () => {
  const bed = await testBed({ env: { ON_FOREIGN_UPLOAD: 'fail' } });
  const { bytes, object } = await drop(bed, SIZE);
  bed.cos.inject({ op: 'upload_slice_init', skip: 1, act: { kind: 'reset-after' } }); // the first one misses its directory
  bed.cos.inject(forgetSession(1, { op: 'upload_slice_data', skip: 2 }));
  bed.cos.inject({ op: 'upload_slice_init', skip: 2, act: { kind: 'reset-after' } });

  const { transfer } = await carry(bed, object);

  expect(transfer.state).toBe('stored');
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test('an upload that another execution opens anew between two questions is not taken for foreign', async () => {
  const bed = await testBed({ env: { ON_FOREIGN_UPLOAD: 'fail' } });
  const { object } = await drop(bed, SIZE);
  const { services } = await bed.start();
  const { target, options } = destinationOf(services.config, PATH);
  const { object: pinned } = await services.source.pin(object, never);
  const { id } = await registerTransfer({ kind: 's3', ...pinned }, { target, options }, services, {
    restart: false,
  });
  const time = { stop: never, signal: never };
  const input = { transferId: id, reopens: 0, windowsUsed: 0 };
  await openUpload(input, services, time);
  let reopened = false;
  const { services: overtaken } = mortal(services, {
    async after({ name }) {
      if (name !== 'cos.list' || reopened) return;
      reopened = true;
      await services.cos.remove(target, never);
      await openUpload(input, services, time);
    },
  });

  const listed = await listSlices({ ...input, round: 0, gaps: 0 }, overtaken, time);

  expect(reopened).toBe(true);
  expect(listed).toMatchObject({ kind: 'missing', missing: { bytes: SIZE } });
});
