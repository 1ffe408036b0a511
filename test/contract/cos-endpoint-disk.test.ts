import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cosByHand, MIB, sampleBytes } from '../kit/cos-by-hand.ts';
import { cosEndpointBed, dataDir } from '../kit/cos-endpoint-bed.ts';

const HERE = join(import.meta.dirname, '../../local/cos');
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node'); // runs .ts whatever runs this test

describe('what lies on disk', () => {
  test('a killed endpoint still holds every slice that it confirmed', async () => {
    const dir = await dataDir();
    const bytes = sampleBytes(3 * MIB);
    const first = await startProcess(['--port', '0', '--data', dir]);
    const session = await first.cos.open('a.bin', bytes.length);
    for (const at of [0, 2 * MIB]) await first.cos.put('a.bin', session, at, bytes.subarray(at, at + MIB));
    await first.cos.upload('small', sampleBytes(5));
    first.child.kill('SIGKILL');
    await first.ended;

    const cos = await cosEndpointBed({ dataDir: dir });

    expect((await cos.list('a.bin')).data.listparts.map((part: { offset: number }) => part.offset)).toEqual([
      0,
      2 * MIB,
    ]);
    await cos.put('a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB));
    await cos.finish('a.bin', session, bytes.length);
    expect((await cos.read('a.bin')).equals(bytes)).toBe(true);
    expect((await cos.read('small')).length).toBe(5);
    expect(await readdir(join(dir, 'data'))).toHaveLength(2);
    expect(await readdir(join(dir, 'journals'))).toEqual([]);
  });

  test('the 131,072 slices of the largest file are listed at once', async () => {
    const dir = await dataDir();
    const count = 131_072;
    const slice = MIB / 2;
    const before = await cosEndpointBed({ dataDir: dir });
    const opened = await before.form('a.bin', [
      ['op', 'upload_slice_init'],
      ['filesize', count * slice],
      ['slice_size', slice],
    ]);
    const { session } = opened.data;
    await before.endpoint.close();
    const journal = Buffer.alloc(count * 16);
    for (let i = 0; i < count; i += 1) {
      journal.writeBigUInt64LE(BigInt(count - 1 - i) * BigInt(slice), i * 16);
      journal.writeBigUInt64LE(BigInt(slice), i * 16 + 8);
    }
    await writeFile(join(dir, 'journals', session), journal);
    const cos = await cosEndpointBed({ dataDir: dir });

    const listed = await cos.list('a.bin');

    expect(listed.data.listparts).toHaveLength(count);
    expect(listed.data.listparts[1]).toEqual({ offset: slice, datalen: slice });
  });
});

describe('the command', () => {
  test('says what it takes, and refuses bad input in one line', async () => {
    const help = await run(['--help']);
    const bad = await run(['--port', 'seven']);

    expect(help).toMatchObject({ status: 0 });
    expect(help.stdout).toContain('--secret-key');
    expect(bad).toMatchObject({ status: 2, stderr: 'cos: --port is not a whole number; see --help\n' });
  });

  test('ends cleanly on Ctrl-C and shows no key', async () => {
    const running = await startProcess([
      '--port',
      '0',
      '--data',
      await dataDir(),
      '--secret-key',
      'hush-hush',
    ]);

    running.child.kill('SIGINT');

    expect(await running.ended).toBe(0);
    expect(running.said()).not.toContain('hush-hush');
  });
});

test('it shares no code with what it is used to test', async () => {
  const files = (await readdir(HERE, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const imports = await Promise.all(
    files.map(async (name) => {
      const text = await readFile(join(HERE, name), 'utf8');
      return [...text.matchAll(/from '([^']+)'/g)].map(([, from = '']) => ({ name, from }));
    }),
  );

  const foreign = imports
    .flat()
    .filter(({ name, from }) =>
      from.startsWith('.')
        ? join(name, '..', from).startsWith('..')
        : !/^(node:.*|zod|selfsigned|@fastify\/busboy)$/.test(from),
    );

  expect(files.length).toBeGreaterThan(20);
  expect(foreign).toEqual([]);
});

function startCommand(args: readonly string[]) {
  const child = spawn(NODE, [join(HERE, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

async function run(args: readonly string[]) {
  const command = startCommand(args);
  const status = await command.ended;
  return { status, stdout: command.stdout(), stderr: command.stderr() };
}

/** The endpoint in a process of its own, that can be killed. */
async function startProcess(args: readonly string[]) {
  const { child, ended, stderr } = startCommand(args);
  const dead = ended.then(() => Promise.reject(new Error(`did not start: ${stderr()}`)));
  dead.catch(() => undefined); // it ends in every test: only before its start is that a failure
  while (!stderr().includes('Ctrl-C')) await Promise.race([once(child.stderr, 'data'), dead]);
  const origin = /http:\/\/\S+?(?=,)/.exec(stderr())?.[0] ?? '';
  return { cos: cosByHand(origin), child, ended, said: stderr };
}
