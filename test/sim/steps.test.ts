import { hash } from 'node:crypto';
import FakeTimers from '@sinonjs/fake-timers';
import { expect, test } from 'vitest';
import type { CosFile } from '../../shared/cos/client.ts';
import { openPace } from '../../shared/cos/pace.ts';
import { targetName } from '../../shared/cos/target.ts';
import { CosUnavailable } from '../../shared/errors.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import { change } from '../../shared/records/change-transfer.ts';
import {
  newTransfer,
  type Sending,
  type Transfer,
  toAttempted,
  toEnded,
  toSending,
} from '../../shared/records/transfer.ts';
import { finishUpload } from '../../shared/relay/finish-upload.ts';
import { listSlices } from '../../shared/relay/list-slices.ts';
import { openSession } from '../../shared/relay/open-session.ts';
import { recordSession } from '../../shared/relay/record-session.ts';
import type { Services } from '../../shared/services.ts';
import { abandonSession } from '../../shared/target/abandon-session.ts';
import { changeTarget } from '../../shared/target/change-target.ts';
import { ownerOf } from '../../shared/target/claim-order.ts';
import { withinHold } from '../../shared/target/hold-target.ts';
import { claimed, letGo } from '../../shared/target/hold-transitions.ts';
import { sessionOpened } from '../../shared/target/upload-transitions.ts';
import { end } from '../../shared/transfer/end-transfer.ts';
import { settingsOf } from '../../shared/wiring/wiring.ts';
import { sendSlice } from '../../shared/worker/send-slice.ts';
import { newTally } from '../../shared/worker/tally.ts';
import { openBucket } from './models/bucket.ts';
import { openContents } from './models/contents.ts';
import { openCosModel } from './models/cos-model.ts';
import { init } from './models/cos-rules.ts';
import { emptyCos, PLAIN } from './models/cos-state.ts';
import { openSourceModel } from './models/source-model.ts';
import { emptyTable, openTableModel } from './models/table.ts';
import { configOf } from './sandbox.ts';

// Promises of single steps that no drawn run is sure to meet: on the models, at once.

const SLICE = 524_288;
const SIZE = 2 * SLICE;
const NOW = 1_000_000;
const config = configOf({ SLICE_SIZE: String(SLICE) });
const path = { region: 'gz', appId: '1250000000', bucket: 'relay', path: 'film.bin' };
const never = new AbortController().signal;
const time = { stop: never, signal: never };

/** A transfer with an open session at COS, and both written down. */
async function sending() {
  const cos = emptyCos(PLAIN, () => 1_000);
  const contents = openContents();
  let names = 0;
  const newId = () => {
    names += 1;
    return `name-${names}`;
  };
  const { data } = init(cos, path.path, { size: SIZE, sliceSize: SLICE, insertOnly: false });
  const session = data?.session ?? '';
  const services: Services = {
    cos: openCosModel(cos, contents),
    source: openSourceModel(openBucket('source', true, () => NOW)),
    store: openTableModel(emptyTable(), { clock: () => NOW, newId }),
    pace: openPace({ start: 4, least: 2, most: 4, now: () => 0 }),
    settings: settingsOf(config),
    clock: () => NOW,
    newId,
    log: silentLog,
    observe: () => undefined,
  };
  const source = { kind: 's3', bucket: 'b', key: 'k', etag: 'e', size: SIZE, lastModified: 0 } as const;
  const opening = newTransfer(source, path, { ...OPTIONS, sliceSize: SLICE }, NOW);
  const facts = { session, sliceSize: SLICE, serial: false };
  const transfer: Sending = { ...toSending(opening, facts, NOW), revision: 2 };
  await services.store.create(opening);
  await services.store.replace(transfer);
  const name = targetName(path);
  await changeTarget(services, name, claimed({ owner: ownerOf(transfer.id, source) }, name, NOW));
  const opened = { ...facts, transferId: transfer.id, attempt: 0, size: SIZE, instead: undefined, at: NOW };
  await changeTarget(services, name, sessionOpened(opened));
  const put = (offset: number) => {
    const content = contents.keep(new Uint8Array(SLICE).fill(offset % 251));
    cos.uploads.get(path.path)?.slices.set(offset, content);
  };
  return { services, transfer, session, cos, put };
}

const OPTIONS = {
  onExisting: 'skip-same',
  onForeignUpload: 'replace',
  trustListed: 'listed',
  integrity: 'md5',
} as const;

const step = (transferId: string) => ({ transferId, reopens: 0, windowsUsed: 0 });

test('what COS refused to finish for a gap is sent again if COS does not list it, even if it was confirmed once', async () => {
  const { services, transfer, session, put } = await sending();
  put(0);
  const nothing = { sentSlices: 2, resentSlices: 0, sentBytes: SIZE, md5Verified: 2, attempt: 0, at: NOW };
  await services.store.addWindow(transfer.id, {
    ...nothing,
    session,
    confirmed: [{ offset: 0, length: SIZE }],
  });

  const believed = await listSlices({ ...step(transfer.id), round: 0, gaps: 0 }, services, time);
  const refused = await listSlices({ ...step(transfer.id), round: 0, gaps: 1 }, services, time);

  expect(believed.kind).toBe('complete');
  expect(refused).toMatchObject({ kind: 'missing', windows: [{ offset: SLICE, length: SLICE }] });
});

test('a slice whose MD5 comes back wrong is sent again, and never counted as confirmed', async () => {
  const { services, transfer } = await sending();
  const put: Services['cos']['put'] = async () => ({
    kind: 'held',
    md5: hash('md5', 'other'),
    closed: false,
  });
  const tally = newTally();
  const content = new Uint8Array(SLICE);

  const sent = sendSlice(
    { transfer, tally },
    { slice: { offset: 0, length: SLICE }, content },
    { ...services, cos: { ...services.cos, put } },
    time,
  );

  await expect(sent).rejects.toMatchObject({ name: 'SliceCorrupt' });
  expect(tally).toMatchObject({ confirmed: [], verified: 0, resent: 3 });
  const damaged = (await services.store.windows(transfer.id)).flatMap((window) => window.damaged ?? []);
  expect(damaged.length).toBeGreaterThan(0);
});

test.each<[string, Partial<CosFile>]>([
  ['is shorter', { size: SIZE - 1, received: SIZE - 1 }],
  ['did not arrive whole', { received: SIZE - 1 }],
  ['has another SHA-1', { sha1: 'b'.repeat(40) }],
])('a file that %s by what COS states is not stored, whatever finish said', async (_, stated) => {
  const { services, transfer, put } = await sending();
  put(0);
  put(SLICE);
  const stat: Services['cos']['stat'] = async (target, signal) => {
    const file = await services.cos.stat(target, signal);
    return file.kind === 'file' ? { ...file, ...stated } : file;
  };
  const lying = { ...services, cos: { ...services.cos, stat } };
  const input = { ...step(transfer.id), gaps: 0, how: 'sent', sha1: 'a'.repeat(40) } as const;

  await expect(finishUpload(input, lying, time)).rejects.toMatchObject({ name: 'NotIdentical' });

  expect((await services.store.get(transfer.id))?.state).toBe('sending');
});

test('work under a hold is cut off well before the hold ends: a request that is served late still finds it', async () => {
  const clock = FakeTimers.createClock(0);
  const given = globalThis.setTimeout;
  globalThis.setTimeout = clock.setTimeout as unknown as typeof setTimeout; // the clock's type is its own
  try {
    const holdMs = 60_000;
    let cutAt: number | undefined;
    void withinHold(time, holdMs, (own) => {
      own.signal.addEventListener('abort', () => {
        cutAt ??= clock.now;
      });
      return new Promise(() => undefined);
    });

    clock.tick(holdMs);

    expect(cutAt).toBeGreaterThan(holdMs / 2);
    expect(cutAt).toBeLessThanOrEqual(holdMs - 10_000);
  } finally {
    globalThis.setTimeout = given;
  }
});

test('a file counts as ours only if the owner before told of it', () => {
  const [first, second] = ['a', 'b'].map((transferId) => ({ transferId, sourceName: 's3:b/k' }));
  const file = { state: 'stored', transferId: 'a', sourceName: 's3:b/k', size: 1 } as const;
  const from = { name: 't', active: false, orphans: [], revision: 1, file };
  const mine = { owner: { transferId: 'c', sourceName: 's3:b/k' } };

  const told = claimed(mine, 't', NOW)({ ...from, owner: first ?? mine.owner });
  const untold = claimed(mine, 't', NOW)({ ...from, owner: second ?? mine.owner });

  expect(told).toMatchObject({ file });
  expect(untold).toMatchObject({ file: { state: 'unknown' } });
});

test('a session that went away before the deletion was ours is not deleted in its successor', async () => {
  const { services, transfer, session, cos } = await sending();
  let asked = 0;
  const list: Services['cos']['list'] = async (target, signal) => {
    asked += 1;
    if (asked === 2) {
      cos.uploads.clear();
      init(cos, path.path, { size: SIZE, sliceSize: SLICE, insertOnly: false });
    }
    return services.cos.list(target, signal);
  };

  const abandoned = await abandonSession(
    { ...services, cos: { ...services.cos, list } },
    transfer,
    session,
    time,
  );

  expect(abandoned).toBe('left');
  expect(cos.uploads.get(path.path)?.session).not.toBe(session);
});

test('a hold whose request was never answered keeps other versions out until its end', () => {
  const owner = { transferId: 'a', sourceName: 's3:b/k' };
  const from = { name: 't', owner, active: true, orphans: [], revision: 1, hold: { until: NOW, by: 'x' } };

  expect(letGo('x', false)(from)).toMatchObject({ hold: { until: NOW } });
  expect(letGo('x', true)(from)).not.toHaveProperty('hold');
  expect(letGo('y', true)(from)).toBe('not-held');
});

test('that a session is about to be opened is written down before COS is asked, for an answer may never come', async () => {
  const { services, transfer, cos } = await sending();
  cos.uploads.clear();
  const lost = () => Promise.reject(new CosUnavailable('no answer'));

  const opening = openSession(transfer, { ...services, cos: { ...services.cos, open: lost } }, time);

  await expect(opening).rejects.toThrow(CosUnavailable);
  expect(await services.store.getTarget(targetName(path))).toMatchObject({ upload: { state: 'opening' } });
});

const ON_REQUEST = { error: 'Cancelled', message: 'on request' };

test.each([
  ['is over', (services: Services, { id }: Transfer) => end(services, id, 'cancelled', ON_REQUEST)],
  [
    'is over, but its target does not say so yet',
    (services: Services, was: Sending) =>
      services.store.replace({ ...toEnded(was, 'cancelled', ON_REQUEST), revision: was.revision + 1 }),
  ],
])(
  'a session that was opened over a file for a transfer that %s stays: its deletion would take the file',
  async (_, over) => {
    const { services, transfer, session, cos } = await sending();
    cos.files.set(path.path, { slices: [], size: 5, createdAt: 0, modifiedAt: 0 });
    const target = await services.store.getTarget(targetName(path));
    if (!target?.upload) throw new Error('no upload is written down');
    await over(services, transfer);
    const opened = { kind: 'session', session, sliceSize: SLICE, serial: false } as const;
    const intended = { ...target, upload: { ...target.upload, replaces: { size: 5 } } };

    const isOurs = await recordSession(transfer, { opened, intended, withSha: false }, services, time);

    expect(isOurs).toBe(false);
    expect(cos.files.has(path.path)).toBe(true);
  },
);

test('a call that stalled leaves the session that another wrote down since', async () => {
  const { services, transfer, cos } = await sending();
  const { sliceSize, serial } = transfer;
  const asItWas = (await services.store.getTarget(targetName(path))) ?? fail();
  cos.uploads.clear();
  const { data } = init(cos, path.path, { size: SIZE, sliceSize, insertOnly: false });
  const newer = { sliceSize, serial, session: data?.session ?? '' };
  await services.store.replace({ ...toSending(transfer, newer, NOW), revision: 3 });
  const opened = { kind: 'session', session: transfer.session, sliceSize, serial } as const;
  const stalled = newTransfer(transfer.source, path, transfer.options, NOW); // as it was read, long ago

  const facts = { opened, intended: asItWas, withSha: false };
  await recordSession(stalled, facts, services, time);

  expect(await services.store.get(transfer.id)).toMatchObject({ session: newer.session });
});

test('what COS lists of one session is not written to the record of the next', async () => {
  const { services, transfer, put } = await sending();
  put(0);
  put(SLICE);
  const next = { sliceSize: SLICE, serial: false, session: 'of another execution' };
  const windows: Services['store']['windows'] = async (id) => {
    const now = await services.store.get(id); // while the list is read, another execution opens anew
    if (now?.revision === 2) await services.store.replace({ ...toSending(transfer, next, NOW), revision: 3 });
    return [];
  };
  const written: Transfer[] = [];
  const replace: Services['store']['replace'] = async (to) => {
    written.push(to);
    return services.store.replace(to);
  };
  const meanwhile = { ...services, store: { ...services.store, windows, replace } };

  const listed = await listSlices({ ...step(transfer.id), round: 0, gaps: 0 }, meanwhile, time);

  expect(listed.kind).toBe('complete'); // of the session that COS has
  expect(written.length).toBeGreaterThan(0);
  expect(written).not.toContainEqual(expect.objectContaining({ session: next.session, heldBytes: SIZE }));
});

test('whoever brings the place of a version writes it down, though a call of the API named it first', async () => {
  const { services } = await sending();
  const source = { kind: 's3', bucket: 'b', key: 'k', versionId: 'v', etag: 'e', size: 3 } as const;
  const named = newTransfer({ ...source, lastModified: 0 }, path, { ...OPTIONS, sliceSize: SLICE }, NOW);
  await services.store.create(named);
  const told = { ...named, source: { ...named.source, sequencer: '01' }, revision: 0 };

  await change(services, named.id, (from) => toAttempted(from), { known: told });

  expect(await services.store.get(named.id)).toMatchObject({ attempts: 1, source: { sequencer: '01' } });
});

function fail(): never {
  throw new Error('nothing is there');
}
