import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busy, dropFirst, forgetSession, stall } from '../../local/cos/faults.ts';
import { type ApiBed, apiBed, TOKEN } from '../kit/api-bed.ts';
import { startAwsStage } from '../kit/aws-stage.ts';
import { runCommand, runHere, startCommand } from '../kit/command.ts';
import { startIamGateway } from '../kit/iam-gateway.ts';

const SCRIPT = 'local/upload/main.ts';
const SLICE = 524_288;

describe('npm run upload', () => {
  let bed: ApiBed;
  let folder: string;
  let env: Record<string, string>;
  const content = randomBytes(12.5 * SLICE);
  beforeAll(async () => {
    bed = await apiBed({ env: { SLICE_SIZE: String(SLICE) } });
    folder = await mkdtemp(join(tmpdir(), 'upload-'));
    env = { RELAY_API: bed.origin, RELAY_TOKEN: TOKEN };
  });
  afterAll(async () => {
    await bed.close();
    await rm(folder, { recursive: true });
  });

  const fileOf = async (name: string, bytes: Uint8Array = content): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const stored = async (path: string): Promise<Buffer> =>
    readFile((await bed.cos.file('relay', path))?.dataPath ?? 'no such file');
  const putsOf = (path: string): number =>
    bed.cos.log.filter((each) => each.op === 'upload_slice_data' && each.path === path).length;

  test('a file arrives, and the receipt is printed as words or as JSON', async () => {
    const file = await fileOf('a b.bin');

    const words = await runCommand(SCRIPT, [file], { env });
    const json = await runHere(SCRIPT, [file, '--json', '--target', 'deep/down/中文.bin'], { env });

    expect(words).toMatchObject({ code: 0, stdout: expect.stringContaining('relay/a b.bin') });
    expect(JSON.parse(json.stdout)).toMatchObject({
      verified: { size: content.length },
      slices: { total: 13 },
    });
    expect((await stored('a b.bin')).equals(content)).toBe(true);
    expect((await stored('deep/down/中文.bin')).equals(content)).toBe(true);
  });

  test('killed and run again, it sends only what is missing', async () => {
    const file = await fileOf('killed.bin');
    bed.cos.inject(stall(100, 300, { op: 'upload_slice_data' }));
    const first = startCommand(SCRIPT, [file, '--at-once', '2'], { env });
    while (((await bed.cos.unfinished('relay', 'killed.bin'))?.held.length ?? 0) < 5) await pause(20);
    first.process.kill('SIGKILL');
    await first.ended;
    bed.cos.clearFaults();
    await pause(500); // what was in flight arrives or not
    const before = putsOf('killed.bin');

    const second = await runHere(SCRIPT, [file, '--json'], { env });

    expect(second.code).toBe(0);
    expect(second.stderr).toContain('resuming');
    expect(putsOf('killed.bin') - before).toBeLessThanOrEqual(8);
    expect((await stored('killed.bin')).equals(content)).toBe(true);
  });

  test('Ctrl-C ends it cleanly, and says how to go on', async () => {
    const file = await fileOf('stopped.bin');
    bed.cos.inject(stall(100, 300, { op: 'upload_slice_data' }));
    const running = startCommand(SCRIPT, [file], { env });
    while (((await bed.cos.unfinished('relay', 'stopped.bin'))?.held.length ?? 0) < 1) await pause(20);
    running.process.kill('SIGINT');
    const { code, stderr, stdout } = await running.ended;
    bed.cos.clearFaults();

    expect(code).toBe(130);
    expect(stderr).toContain('sends only what is missing');
    expect(stdout).toBe('');
  });

  test('trouble that passes is waited out, a lost session included', async () => {
    const file = await fileOf('troubled.bin');
    bed.cos.inject(busy(4, { op: 'upload_slice_data' }));
    bed.cos.inject(dropFirst(3));
    bed.cos.inject(forgetSession(1, { op: 'upload_slice_data', offset: 6 * SLICE }));

    const { code, stderr } = await runHere(SCRIPT, [file], { env });
    bed.cos.clearFaults();

    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect((await stored('troubled.bin')).equals(content)).toBe(true);
  });

  test('a file that changed is another upload, and one that changes meanwhile is not finished', async () => {
    const file = await fileOf('changing.bin');
    bed.cos.inject(stall(100, 200, { op: 'upload_slice_data' }));
    const running = runHere(SCRIPT, [file], { env });
    while (((await bed.cos.unfinished('relay', 'changing.bin'))?.held.length ?? 0) < 1) await pause(20);
    await appendFile(file, 'more');
    const { code, stderr } = await running;
    bed.cos.clearFaults();
    expect(code).toBe(1);
    expect(stderr).toContain('changed while it was sent');
    expect(await bed.cos.file('relay', 'changing.bin')).toBeUndefined();

    const other = await runHere(SCRIPT, [file], { env });
    expect(other.code).toBe(1); // the unfinished one still holds the target
    expect(other.stderr).toContain('cancel it');
  });

  test('several files and folders go one after the other, and one that fails keeps none from going', async () => {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'deep'), { recursive: true });
    await writeFile(join(tree, 'one.bin'), content.subarray(0, 100));
    await writeFile(join(tree, 'deep', 'two.bin'), content.subarray(0, 200));
    await writeFile(join(tree, 'none.bin'), '');
    const single = await fileOf('single.bin', content.subarray(0, 300));

    const first = await runHere(SCRIPT, [tree, single, '--json'], { env });
    const again = await runHere(SCRIPT, [single, '--json'], { env });

    const paths = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).target.path);
    expect(first.code).toBe(1);
    expect(paths).toEqual(['tree/deep/two.bin', 'tree/one.bin', 'single.bin']);
    expect(first.stderr).toContain('3 stored, 0 stored already, 1 not stored');
    expect(first.stderr).toContain('none.bin is empty');
    expect((await stored('tree/deep/two.bin')).equals(content.subarray(0, 200))).toBe(true);
    expect(again.stderr).toContain('stored already, nothing sent');
    expect(again.code).toBe(0);
  });

  describe('from standard input', () => {
    const size = String(content.length);

    test('what comes is stored, if it is as much as was said', async () => {
      const send = (path: string, said: string, run = runHere) =>
        run(SCRIPT, ['-', '--target', path, '--size', said, '--json'], { env, input: content });

      const whole = await send('in/whole.bin', size, runCommand);
      const short = await send('in/short.bin', String(content.length + 1));
      const long = await send('in/long.bin', String(content.length - 1));
      const after = await bed.call('GET', '/transfers?prefix=in/');

      expect(whole.code).toBe(0);
      expect((await stored('in/whole.bin')).equals(content)).toBe(true);
      expect([short.code, short.stderr]).toEqual([1, expect.stringContaining('ended after')]);
      expect([long.code, long.stderr]).toEqual([1, expect.stringContaining('more than')]);
      expect(await bed.cos.file('relay', 'in/long.bin')).toBeUndefined();
      // nobody can go on with a stream that has no name, so its target is free again
      expect(after.body.transfers.map((one: { state: string }) => one.state).sort()).toEqual([
        'cancelled',
        'cancelled',
        'stored',
      ]);
    });

    test('under a name it goes on where it broke off, and the same name is not sent twice', async () => {
      const args = ['-', '--target', 'in/named.bin', '--size', size, '--key', 'films, first cut — 中文'];
      bed.cos.inject(stall(100, 300, { op: 'upload_slice_data' }));
      const first = startCommand(SCRIPT, args, { env, input: content });
      while (((await bed.cos.unfinished('relay', 'in/named.bin'))?.held.length ?? 0) < 5) await pause(20);
      first.process.kill('SIGKILL');
      await first.ended;
      bed.cos.clearFaults();
      await pause(500); // what was in flight arrives or not
      const before = putsOf('in/named.bin');

      const second = await runHere(SCRIPT, args, { env, input: content });
      const third = await runHere(SCRIPT, args, { env, input: content });

      expect(second.code).toBe(0);
      expect(putsOf('in/named.bin') - before).toBeLessThanOrEqual(8);
      expect((await stored('in/named.bin')).equals(content)).toBe(true);
      expect([third.code, third.stderr]).toEqual([0, expect.stringContaining('stored already')]);
    });
  });

  test('without a token calls are signed with AWS credentials, at the address that the stage has', async () => {
    const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'a secret of a test' };
    await using gateway = await startIamGateway({
      api: bed.origin,
      token: TOKEN,
      region: 'eu-west-1',
      ...keys,
    });
    await using aws = await startAwsStage({
      stacks: { 'cos-slice-relay-prod': { HttpApiUrl: gateway.origin } },
    });
    const file = await fileOf('signed.bin');
    const send = (stage: string, secret = keys.secretAccessKey) =>
      runHere(SCRIPT, [file, '--stage', stage, '--json'], {
        env: {
          ...aws.env,
          AWS_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: secret,
        },
      });

    const sent = await send('prod');
    const stranger = await send('prod', 'another secret');
    const nowhere = await send('staging');

    expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining('signed.bin') });
    expect(gateway.counts.signed).toBeGreaterThan(14);
    expect((await stored('signed.bin')).equals(content)).toBe(true);
    expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('execute-api:Invoke')]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain('no stage staging (stack cos-slice-relay-staging) in eu-west-1');
  });

  test('what cannot work is said in one line', async () => {
    const file = await fileOf('fine.bin');
    const said = async (args: string[], more: Record<string, string> = {}, run = runHere) => {
      const { code, stderr, stdout } = await run(SCRIPT, args, { env: { ...env, ...more } });
      expect(stdout).toBe('');
      expect(stderr).not.toMatch(/\bat .*\.ts:/);
      return `${code} ${stderr}`;
    };

    expect(await said([file, '--colour'], {}, runCommand)).toMatch(/^2 .*--colour/);
    expect(await said([file, '--token', 'wrong'])).toMatch(/^1 .*token/);
    expect(await said([])).toMatch(/^2 .*name a file/);
    expect(await said(['-'])).toMatch(/^2 .*--target/);
    expect(await said(['-', '--target', 'x'])).toMatch(/^2 .*--size/);
    expect(await said(['-', '--target', 'x', '--size', '1e3'])).toMatch(/^2 .*--size 1e3/);
    expect(await said([file, '--size', '10'])).toMatch(/^2 .*standard input/);
    expect(await said([file, file, '--target', 'x'])).toMatch(/^2 .*one path/);
    expect(await said([file, file])).toMatch(/^2 .*would both be/);
    expect(await said([file, '--stage', 'no stage'])).toMatch(/^2 .*--stage/);
    expect(await said([file, '--data', folder], { RELAY_API: '' })).toMatch(/^2 .*no relay runs/);
    expect(await said([file, '--at-once', '99'])).toMatch(/^2 .*at-once/);
    expect(await said([file, '--api', 'ftp://x'])).toMatch(/^2 .*not an http/);
    expect(await said([join(folder, 'nowhere')])).toMatch(/^2 .*does not exist/);
    expect(await said([await fileOf('empty.bin', new Uint8Array())])).toMatch(/^2 .*is empty/);
    expect(await said([file, '--target', '../up'])).toMatch(/^1 .*"\.\."/);
  });

  test('--help tells everything on stdout', async () => {
    const { code, stdout } = await runHere(SCRIPT, ['--help']);
    expect(code).toBe(0);
    for (const word of ['--stage', '--api', '--token', '--target', '--size', '--json', 'Exit codes'])
      expect(stdout).toContain(word);
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
