import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CosEndpoint, startCosEndpoint } from '../../local/cos/endpoint.ts';
import { receipt } from '../../shared/records/receipt.ts';
import { type CommandOptions, runCommand, runHere, startCommand } from '../kit/command.ts';

const START = 'local/start/main.ts';
const ROOT = join(import.meta.dirname, '../..');
const MIB = 1_048_576;
const KEYS = { secretId: 'AKIDfortests', secretKey: 'never-to-be-seen-in-any-output' };

let folder: string;
let cos: CosEndpoint;
let outside: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-start-'));
  await chmod(folder, 0o777);
  cos = await startCosEndpoint({
    dataDir: join(folder, 'cos'),
    appId: '1250000001',
    buckets: ['films'],
    credentials: [KEYS],
    strictFolders: true,
    refuseSame: true,
  });
  outside = {
    COS_ENDPOINT: cos.origin,
    COS_REGION: 'gz',
    COS_APP_ID: '1250000001',
    COS_BUCKET: 'films',
    COS_SECRET_ID: KEYS.secretId,
    COS_SECRET_KEY: KEYS.secretKey,
    COS_ATTEMPTS: '2',
    SMALL_OBJECT_MAX: String(MIB), // files of a few slices are sent in slices
  };
});
afterEach(() => cos.clearFaults());
afterAll(async () => {
  await cos.close();
  await rm(folder, { recursive: true });
});

const file = async (name: string, size: number): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, randomBytes(size));
  return path;
};
const sha1Of = async (path: string) =>
  createHash('sha1')
    .update(await readFile(path))
    .digest('hex');

describe('npm start', () => {
  test('without a file a sample of 64 MiB arrives, is read back and proven', async () => {
    const { code, stdout, stderr } = await runCommand(START, ['--data', join(folder, 'sample')]);

    expect(stderr).toContain('MiB/s');
    expect(stdout).toMatch(/^slices +64 of 1048576 bytes: 64 sent, 0 already held, 0 resent$/m);
    expect(stdout).toMatch(/^SHA-1 +[0-9a-f]{40}, read back from COS and equal to the file$/m);
    expect(stdout).toContain('stored ');
    expect(stdout).not.toMatch(/https?:\/\//); // the address of a COS that ends with the command
    expect(code).toBe(0);
  });

  test('--json prints the receipt as one JSON object and nothing else on stdout; run again, nothing is sent', async () => {
    const path = await file('a b+c%&中.bin', 5 * MIB + 1);

    const args = [path, '--key', 'x/a b+c%&中.bin', '--json', '--data', join(folder, 'json')];
    const { code, stdout } = await runCommand(START, args, { env: outside });
    const again = await runHere(START, args, { env: outside });

    const { proof, ...rest } = JSON.parse(stdout);
    const given = receipt.parse(rest);
    const stored = await cos.file('films', 'x/a b+c%&中.bin');
    expect(code).toBe(0);
    expect(given.slices).toEqual({ total: 6, sent: 6, alreadyHeld: 0, resent: 0, md5Verified: 6 });
    expect(given.requestIds.finish).toBeTruthy();
    expect(proof).toEqual({ readBack: true, size: 5 * MIB + 1, sha1: await sha1Of(path) });
    expect(await sha1Of(stored?.dataPath ?? '')).toBe(proof.sha1);
    expect(again.code).toBe(0);
    expect(cos.log.filter(({ op }) => op === 'upload_slice_data')).toHaveLength(6);
  });

  test('stopped by Ctrl-C it says one line; run again, what is held and sends only the rest', async () => {
    const path = await file('stopped.bin', 16 * MIB);
    const args = [path, '--json', '--data', join(folder, 'stopped')];
    cos.inject({
      op: 'upload_slice_data',
      skip: 5,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'stall', when: 'before', forMs: Number.POSITIVE_INFINITY },
    });

    const first = startCommand(START, args, { env: outside });
    await untilHeld('stopped.bin', 5);
    const before = first.said().length;
    first.process.kill('SIGINT');
    const stopped = await first.ended;
    cos.clearFaults();
    const second = await runHere(START, args, { env: outside });

    expect(stopped.code).toBe(130);
    const lines = stopped.stderr.slice(before).split('\n');
    expect(lines.filter((line) => line.trim() !== '' && !/[█░]/.test(line))).toEqual([
      'stopped; the same command again sends only what is missing',
    ]);
    expect(stopped.stdout).toBe('');
    const { slices } = JSON.parse(second.stdout);
    // a slice that was under way when the process ended may still have arrived
    expect(slices.alreadyHeld).toBeGreaterThanOrEqual(5);
    expect(slices).toMatchObject({ total: 16, sent: 16 - slices.alreadyHeld });
    const { alreadyHeld, sent } = slices;
    expect(second.stderr).toContain(`resuming: ${alreadyHeld} slices are already held, ${sent} are sent`);
    expect(second.code).toBe(0);
  });
});

describe('npm start says what is wrong and what to do, without a stack trace', () => {
  const ended = async (run: typeof runCommand, args: string[], options: CommandOptions) => {
    const data = join(folder, `bad-${randomBytes(4).toString('hex')}`);
    const end = await run(START, [...args, '--data', data], options);
    expect(end.stderr).not.toMatch(/^\s+at /m);
    expect(end.stderr + end.stdout).not.toContain(KEYS.secretKey);
    expect(end.stdout).toBe('');
    return end;
  };

  const unhappy = (args: string[], env: Record<string, string> = {}, uid?: number) =>
    ended(runCommand, args, { env, ...(uid !== undefined && { uid }) });
  const refused = (args: string[], env: Record<string, string> = {}) => ended(runHere, args, { env });

  test('a missing file, an empty folder, two files of one name, a stream without one', async () => {
    const missing = await unhappy([join(folder, 'nowhere.bin')]);
    const empty = await refused([mkdtempSync(join(folder, 'empty-'))]);
    const [one, two] = [await mkdtemp(join(folder, 'one-')), await mkdtemp(join(folder, 'two-'))];
    for (const place of [one, two]) await writeFile(join(place, 'same.bin'), place);
    const same = await refused([join(one, 'same.bin'), join(two, 'same.bin')], outside);
    const nameless = await refused(['-'], outside);

    expect(missing.stderr).toMatch(/nowhere\.bin does not exist\nwhat to do: check the path/);
    expect(empty.stderr).toMatch(/holds no file\nwhat to do: name a folder with files/);
    expect(same.stderr).toContain('would both be same.bin');
    expect(nameless.stderr).toContain('give it one with --key');
    expect([missing, empty, same, nameless].map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  });

  // root reads everything, so it must become somebody else, who must then be able to read this project
  const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
  const readable =
    nobody === undefined ||
    spawnSync(process.execPath, ['-e', `require('node:fs').readFileSync('${START}')`], {
      uid: nobody,
      cwd: ROOT,
      stdio: 'ignore',
    }).status === 0;
  if (!readable) console.warn('skipped "a file that may not be read": this folder is readable by root only');

  test.skipIf(!readable)('a file that may not be read', async () => {
    const path = await file('locked.bin', 10);
    await chmod(path, 0o000);

    const { code, stderr } = await unhappy([path], {}, nobody);

    expect(stderr).toContain('locked.bin may not be read');
    expect(code).toBe(2);
  });

  test.each([
    ['an unknown secret id', { COS_SECRET_ID: 'AKIDother' }, /-47 \(the secret id is unknown\)/],
    ['an unknown bucket', { COS_BUCKET: 'nosuchbucket' }, /-133 \(no such bucket\)/],
    [
      'an unreachable endpoint',
      { COS_ENDPOINT: 'http://127.0.0.1:1' },
      /ECONNREFUSED.*\nwhat to do: check COS_ENDPOINT/,
    ],
  ])('%s', async (_, wrong, message) => {
    const { code, stderr } = await refused([await file('small.bin', 10)], { ...outside, ...wrong });

    expect(stderr).toMatch(message);
    expect(stderr).toContain('what to do: ');
    expect(code).toBe(1);
  });

  test('a wrong secret key', async () => {
    const { code, stderr } = await refused([await file('small.bin', 10)], {
      ...outside,
      COS_SECRET_KEY: 'other',
    });

    expect(stderr).toMatch(/-48 \(the signature is wrong\)/);
    expect(stderr).toContain('what to do: ');
    expect(code).toBe(1);
  });

  test('all bad variables at once', async () => {
    const { code, stderr } = await refused([await file('small.bin', 10)], {
      COS_REGION: 'GZ',
      SLICE_SIZE: '5',
      MAX_IN_FLIGHT: 'many',
    });

    for (const name of [
      'COS_REGION',
      'COS_APP_ID',
      'COS_BUCKET',
      'COS_SECRET_NAME',
      'SLICE_SIZE',
      'MAX_IN_FLIGHT',
    ]) {
      expect(stderr).toContain(`  ${name}: `);
    }
    expect(code).toBe(2);
  });

  test('a key COS cannot hold', async () => {
    const { code, stderr } = await refused([await file('small.bin', 10), '--key', 'a/../b'], outside);

    expect(stderr).toContain('cannot hold a file named "a/../b": it has a "." or ".." segment');
    expect(code).toBe(2);
  });
});

/** Waits until COS holds so many slices of the path. */
async function untilHeld(path: string, slices: number): Promise<void> {
  while (((await cos.unfinished('films', path))?.held.length ?? 0) < slices)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('npm start with several files', () => {
  test('files and folders go one by one under keys of their own; one that fails keeps none from going, and a second run sends it alone', async () => {
    const tree = await mkdtemp(join(folder, 'tree-'));
    await mkdir(join(tree, 'in', 'deep'), { recursive: true });
    await writeFile(join(tree, 'in', 'a.txt'), 'one');
    await writeFile(join(tree, 'in', 'deep', 'b.txt'), 'two');
    await writeFile(join(tree, 'c.txt'), 'three');
    const args = [join(tree, 'in'), join(tree, 'c.txt'), '--json', '--data', join(folder, 'several')];

    cos.inject({ op: 'upload', times: 1, act: { kind: 'status', status: 403, code: -5999 } });
    const first = await runHere(START, args, { env: outside });
    const before = cos.log.filter(({ op }) => op === 'upload').length;
    const second = await runHere(START, args, { env: outside });

    const keysOf = ({ stdout }: { stdout: string }) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ source, sentNow }) => [source.key, sentNow]);
    expect(keysOf(first)).toEqual([
      ['in/deep/b.txt', true],
      ['c.txt', true],
    ]);
    expect([first.code, second.code]).toEqual([1, 0]);
    expect(first.stderr).toContain('2 stored, 0 stored already, 1 not stored');
    expect(keysOf(second)).toEqual([
      ['in/a.txt', true],
      ['in/deep/b.txt', false],
      ['c.txt', false],
    ]);
    expect(second.stderr).toContain('1 stored, 2 stored already, 0 not stored');
    expect(cos.log.filter(({ op }) => op === 'upload')).toHaveLength(before + 1);
    expect(await sha1Of((await cos.file('films', 'in/deep/b.txt'))?.dataPath ?? '')).toBe(
      await sha1Of(join(tree, 'in/deep/b.txt')),
    );
  });

  test('standard input goes under its key', async () => {
    const args = ['-', '--json', '--data', join(folder, 'piped')];

    const pipe = (run = runHere) =>
      run(START, [...args, '--key', 'from/a pipe'], { env: outside, input: 'piped in' });
    const named = await pipe(runCommand);
    const again = await pipe();

    expect(named.code).toBe(0);
    expect(await readFile((await cos.file('films', 'from/a pipe'))?.dataPath ?? '', 'utf8')).toBe('piped in');
    expect(named.stderr).toContain('relaying standard input as from/a pipe');
    expect(again.stderr).toContain('stored already, nothing sent');
  });
});

describe('npm start that ends before its time', () => {
  test('whoever reads its receipts may hang up: what was named is relayed all the same', async () => {
    const paths = await Promise.all(['hang-1', 'hang-2', 'hang-3'].map((name) => file(name, 5)));

    const running = startCommand(START, [...paths, '--data', join(folder, 'hang')], { env: outside });
    running.process.stdout?.destroy();
    const { code } = await running.ended;

    expect(code).toBe(0);
    expect(await cos.file('films', 'hang-3')).toBeDefined();
  });
});
