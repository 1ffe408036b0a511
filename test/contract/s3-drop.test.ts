import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { putFile, type WatchOptions, watchDrops } from '../../local/s3/drop/drop.ts';
import { type DroppedObject, describeDrop } from '../../local/s3/drop/dropped-object.ts';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { ODD_KEYS } from '../kit/odd-keys.ts';
import { tempDir } from '../kit/temp-dir.ts';

async function dropFolder(options: Omit<WatchOptions, 'signal'> = {}) {
  const root = await mkdtemp(join(tmpdir(), 's3-drop-'));
  const drops: DroppedObject[] = [];
  const stop = new AbortController();
  let watching: Promise<void> | undefined;
  onTestFinished(async () => {
    stop.abort();
    await watching;
    await rm(root, { recursive: true });
  });
  return {
    root,
    drops,
    watch: async () => {
      let looks = false;
      const told = (drop: DroppedObject) => {
        if (drop.key.startsWith(PROBE)) looks = true;
        else drops.push(drop);
      };
      watching = watchDrops(root, 'bucket', told, {
        signal: stop.signal,
        settleMs: 50,
        ...options,
      });
      await mkdir(join(root, 'bucket'), { recursive: true });
      for (let probe = 0; !looks; probe += 1) {
        await writeFile(join(root, 'bucket', `${PROBE}${probe}`), 'x');
        await sleep(20);
      }
    },
    keys: () => drops.map(({ key }) => key).sort(),
  };
}

/** Files that tell when the folder is watched, and are no drops. */
const PROBE = 'probe-';

describe('drop folder', () => {
  test('an object is placed whole from text, bytes or a stream, and nothing is left beside it', async () => {
    const { root } = await dropFolder();
    async function* stream() {
      yield 'ab';
      yield Buffer.from('c');
    }
    async function* broken() {
      yield 'ab';
      throw new Error('broken off');
    }

    const placed = await putFile(root, { bucket: 'bucket', key: 'deep/one' }, stream());
    await putFile(root, { bucket: 'bucket', key: 'two' }, Buffer.from('abc'));
    await expect(putFile(root, { bucket: 'bucket', key: 'two' }, broken())).rejects.toThrow('broken off');
    await expect(putFile(root, { bucket: 'bucket', key: 'two/three' }, '')).rejects.toThrow(
      'cannot hold both',
    );

    expect(placed).toMatchObject({ bucket: 'bucket', key: 'deep/one', size: 3 });
    expect(await readdir(join(root, '.tmp'))).toEqual([]);
    expect((await readdir(join(root, 'bucket'))).sort()).toEqual(['deep', 'two']);
  });

  test('every new or changed object is told of once, also in fresh subfolders and under odd keys', async () => {
    const { root, watch, drops, keys } = await dropFolder();
    await putFile(root, { bucket: 'bucket', key: 'old' }, 'x');
    await watch();

    const odd = ODD_KEYS.filter((key) => key !== '..'); // another begins with '../'
    for (const key of odd) await putFile(root, { bucket: 'bucket', key }, key);
    await mkdir(join(root, 'bucket/by/hand'), { recursive: true });
    await writeFile(join(root, 'bucket/by/hand/file'), 'x');
    await vi.waitFor(() => expect(keys()).toEqual([...odd, 'by/hand/file'].sort()), 60_000);
    await putFile(root, { bucket: 'bucket', key: 'old' }, 'y');
    await vi.waitFor(() => expect(keys()).toContain('old'), 60_000);
    await sleep(300);

    expect(drops).toHaveLength(odd.length + 2);
    const sequencers = drops.map(({ sequencer }) => sequencer);
    expect(sequencers.toSorted()).toEqual(sequencers);
  });

  test('files that changed in the same tick have the sequencers that a restart finds again, one that changed twice another', async () => {
    const dir = await tempDir('same-tick');
    onTestFinished(() => dir.remove());
    const file = join(dir.path, 'file');
    await writeFile(file, 'x');
    const stats = await stat(file, { bigint: true });
    const asRestarted = stats.ctimeNs.toString(16).toUpperCase().padStart(18, '0');

    const [one, other] = ['one', 'other'].map((key) => describeDrop(dir.path, key, stats).sequencer);
    const again = describeDrop(dir.path, 'one', stats).sequencer;

    expect([one, other]).toEqual([asRestarted, asRestarted]);
    expect(again > asRestarted).toBe(true);
  });

  test('a file is told of only when it stopped growing, unfinished and dot files never', async () => {
    const { root, watch, drops } = await dropFolder({ settleMs: 1_000 });
    await watch();

    for (const name of ['film.mp4.part', 'film.crdownload', '.film', 'notes~']) {
      await writeFile(join(root, 'bucket', name), 'x');
    }
    for (let size = 1; size <= 10; size += 1) {
      await writeFile(join(root, 'bucket', 'film.mp4'), 'x', { flag: 'a' });
      await sleep(150);
    }
    await vi.waitFor(() => expect(drops).not.toEqual([]), 60_000);

    expect(drops).toMatchObject([{ key: 'film.mp4', size: 10 }]);
  });

  test('a GBK name, an unfinished file, a dot file and what is no file are each named once, with the reason (E15)', async () => {
    const skipped: string[] = [];
    const { root, watch, keys } = await dropFolder({
      onSkipped: ({ path, why }) => skipped.push(`${path}: ${why}`),
    });
    await watch();
    const at = (name: string) => join(root, 'bucket', name);
    const gbk = Buffer.concat([Buffer.from(`${root}/bucket/`), Buffer.from('b1a8b8e6', 'hex')]);

    await writeFile(Buffer.concat([gbk, Buffer.from('.pdf')]), 'x');
    await mkdir(gbk);
    await writeFile(Buffer.concat([gbk, Buffer.from('/inside')]), 'x');
    await mkdir(at('.git'));
    for (const name of ['.git/one', '.git/two', 'film.mp4.part', '%_plain', 'good'])
      await writeFile(at(name), 'x');
    await symlink('nowhere', at('link'));
    await vi.waitFor(() => expect(keys()).toEqual(['good']), 60_000);
    await sleep(300); // a second look tells nothing again

    const said = (name: string) => skipped.filter((line) => line.startsWith(`${name}: `));
    expect(said('%_plain')).toEqual(['%_plain: its name is an escape that stands for no key']);
    expect(said('.git')).toEqual(['.git: its name begins with a dot']);
    expect(said('film.mp4.part')).toEqual([expect.stringContaining('unfinished')]);
    expect(said('link')).toEqual(['link: it is a link that leads nowhere']);
    expect(skipped.filter((line) => line.includes('not UTF-8'))).toHaveLength(2); // a folder and a file
    expect(skipped).toHaveLength(6);
    expect(keys()).toEqual(['good']);
  });

  test('a link to a file is dropped as that file, and one to a folder, which may lead round in circles, is told', async () => {
    const skipped: string[] = [];
    const { root, watch, keys, drops } = await dropFolder({
      onSkipped: ({ path, why }) => skipped.push(`${path}: ${why}`),
    });
    await watch();
    await writeFile(join(root, 'elsewhere'), 'twelve bytes');
    await symlink(join(root, 'bucket'), join(root, 'bucket', 'round'));
    await symlink(join(root, 'elsewhere'), join(root, 'bucket', 'film'));

    await vi.waitFor(() => expect(keys()).toEqual(['film']), 60_000);

    expect(drops.map(({ size }) => size)).toEqual([12]);
    expect(skipped).toEqual(['round: it is a link to a folder: link the files in it']);
  });

  test('what lay there before can be told of too', async () => {
    const { root, watch, keys } = await dropFolder({ includeExisting: true });
    await putFile(root, { bucket: 'bucket', key: 'old' }, 'x');

    await watch();

    await vi.waitFor(() => expect(keys()).toEqual(['old']), 60_000);
  });

  test("the event is EventBridge's, with the key as it is", () => {
    const object = { bucket: 'b', key: 'a b+c%20d/中', size: 5, etag: 'b194', sequencer: '0061' };

    const event = objectCreatedEvent(object, { time: new Date(0), versionId: 'v1', region: 'ca-central-1' });

    expect(event).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '000000000000',
      time: '1970-01-01T00:00:00Z',
      region: 'ca-central-1',
      resources: ['arn:aws:s3:::b'],
      detail: {
        version: '0',
        'event-version': '1.0',
        bucket: { name: 'b' },
        object: { key: 'a b+c%20d/中', size: 5, etag: 'b194', 'version-id': 'v1', sequencer: '0061' },
        'request-id': expect.stringMatching(/^[0-9A-F]{16}$/),
        requester: '000000000000',
        'source-ip-address': '127.0.0.1',
        reason: 'PutObject',
      },
    });
  });
});
