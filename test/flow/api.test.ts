import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { startApi } from '../../local/stack/api/server.ts';
import { PROBLEMS, problemType } from '../../shared/lambda/http/problem-table.ts';
import { routes } from '../../shared/lambda/http/routes.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import { type ApiBed, apiBed, MIB, rawSend, type Send, TOKEN, typeOf } from '../kit/api-bed.ts';
import { apiSuite } from '../kit/api-suite.ts';
import { malformedRequests } from '../kit/malformed.ts';
import { sized } from '../kit/sized.ts';

const require = createRequire(import.meta.url);
const MALFORMED = sized(600, 2_000);
const DOCS = new URL('../../docs/api.md', import.meta.url);

apiSuite('local server', () => apiBed());

describe('the local server of the API', () => {
  let bed: ApiBed;
  let pool: Pool;
  beforeAll(async () => {
    bed = await apiBed();
    pool = new Pool(bed.origin, { connections: 8 });
  });
  afterAll(async () => {
    await pool.destroy();
    await bed.close();
  });

  test('lets nobody in without the token', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${TOKEN}` }]) {
      for (const { method, path } of Object.values(routes)) {
        const answer = await rawSend(pool, headers as Record<string, string>)(method, path);
        expect(answer).toMatchObject({ status: 401, body: { type: typeOf('unauthorized') } });
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  test('names the methods of a path, and says when there is no such path', async () => {
    const wrong = await bed.call('PATCH', '/transfers');
    expect(wrong).toMatchObject({ status: 405, body: { type: typeOf('method-not-allowed') } });
    expect(wrong.headers.allow).toBe('POST, GET');
    for (const path of ['/', '/transfer', '/transfers/', '/transfers/a/b', '/transfers/a/slices/1/2']) {
      expect(await bed.call('GET', path)).toMatchObject({
        status: 404,
        body: { type: typeOf('no-such-call') },
      });
    }
  });

  test('a slice of 3 MiB fits into the 6 MB of Lambda, base64 and all; more is refused', async () => {
    const json = { target: { path: 'large.bin' }, size: 6 * MIB, sliceSize: 3 * MIB };
    const { body } = await bed.call('POST', '/transfers', { json });
    const put = (bytes: Uint8Array) => bed.call('PUT', `/transfers/${body.id}/slices/0`, { bytes });

    expect((await put(Buffer.alloc(3 * MIB))).status).toBe(200);
    expect(await put(Buffer.alloc(3 * MIB + 1))).toMatchObject({
      status: 413,
      body: { type: typeOf('slice-too-large') },
    });
    for (const size of [5 * MIB, 11 * MIB]) {
      expect(await put(Buffer.alloc(size))).toMatchObject({
        status: 413,
        body: { type: typeOf('payload-too-large') },
      });
    }
  });

  test('the OpenAPI document passes the linter', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openapi-'));
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify((await bed.call('GET', '/openapi.json')).body));
    const cli = require.resolve('@redocly/cli/bin/cli.js');
    const env = { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', REDOCLY_TELEMETRY: 'off' };
    const linted = spawnSync(process.execPath, [cli, 'lint', file], { env, cwd: folder, encoding: 'utf8' });
    await rm(folder, { recursive: true });

    expect(`${linted.stdout}${linted.stderr}`).toContain('is valid');
    expect(linted.status).toBe(0);
  });

  test(`${MALFORMED} malformed requests get nothing but 4xx problems`, async () => {
    const { body: opened } = await bed.call('POST', '/transfers', {
      json: { target: { path: 'fuzzed.bin' }, size: 3 * MIB, sliceSize: MIB / 2 },
    });
    const send: Send = rawSend(pool, { authorization: `Bearer ${TOKEN}` });
    const requests = malformedRequests(MALFORMED, 20_260_101, String(opened.id));
    const statuses = new Map<number, number>();
    const bad: string[] = [];
    const work = async (): Promise<void> => {
      for (let next = requests.pop(); next; next = requests.pop()) {
        const { method, path, ...sent } = next;
        const { status, headers, body } = await send(method, path, sent);
        const problem = [
          status >= 400 && status < 500,
          headers['content-type'] === 'application/problem+json',
          body?.status === status && /^urn:cos-slice-relay:problem:/.test(body?.type),
          !/local-secret-key|\.ts:\d+/.test(JSON.stringify(body)),
        ];
        if (problem.includes(false))
          // only then in words: a slice takes megabytes of them
          bad.push(`${method} ${path} ${inspect(sent)} → ${status} ${inspect(headers)} ${inspect(body)}`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));

    expect(bad).toEqual([]);
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(MALFORMED);
    expect([...statuses.keys()].sort()).toEqual([400, 403, 404, 405, 409, 413, 415, 422]);
  });

  test('what is not HTTP at all is told so', async () => {
    const { port, hostname } = new URL(bed.origin);
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('\u0016\u0003 hello\r\n\r\n'));
      socket.setEncoding('utf8').on('data', resolve).on('error', reject);
    });
    expect(said).toMatch(/^HTTP\/1.1 400 .*application\/problem\+json/s);
  });
});

describe('trouble that is not of COS', () => {
  test('a call that runs out of time says so before Lambda ends it', async () => {
    const bed = await apiBed({}, { timeoutMs: 1_000 });
    const { body } = await bed.call('POST', '/transfers', { json: { target: { path: 'slow' }, size: 5 } });
    bed.cos.inject(stall(9, 60_000, { op: 'upload_slice_list' }));
    const late = await bed.call('GET', `/transfers/${body.id}/slices`);
    await bed.close();

    expect(late).toMatchObject({ status: 503, body: { type: typeOf('timed-out') } });
    expect(late.headers['retry-after']).toBe('1');
  });

  test('a table that does not answer passes, and an error that is none of ours says nothing of itself', async () => {
    const bed = await apiBed({ wiring: { log: silentLog } });
    const meddled = async (error: Error) => {
      const fail = () => Promise.reject(error);
      const services = { ...bed.stack.services, store: { ...bed.stack.services.store, get: fail } };
      const api = await startApi({ services, token: TOKEN });
      const pool = new Pool(api.origin);
      const answer = await rawSend(pool, { authorization: `Bearer ${TOKEN}` })('GET', '/transfers/a');
      await pool.destroy();
      await api.close();
      return answer;
    };
    const throttled = await meddled(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    const secret = await meddled(new Error('the key is hunter2'));
    await bed.close();

    expect(throttled).toMatchObject({ status: 503, body: { type: typeOf('state-unavailable') } });
    expect(secret).toMatchObject({ status: 500, body: { type: typeOf('internal') } });
    expect(JSON.stringify(secret)).not.toMatch(/hunter2|\.ts/);
  });
});

test('the walk-through of docs/api.md does what it says', async () => {
  const bed = await apiBed();
  const folder = await mkdtemp(join(tmpdir(), 'walk-'));
  const text = await readFile(DOCS, 'utf8');
  const [, lines = ''] = /```bash\n(.*?)```/s.exec(text) ?? [];
  const env = { ...process.env, API: bed.origin, TOKEN };
  const walked = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', lines], { env, cwd: folder });
  const sent = await readFile(join(folder, 'movie.bin'));
  const stored = await readFile((await bed.cos.file('relay', 'films/movie.bin'))?.dataPath ?? 'no such file');
  await bed.close();
  await rm(folder, { recursive: true });

  expect(walked.stdout).toContain('slices-missing","title":"Slices are missing"');
  expect(walked.stdout).toContain('"md5Verified":3');
  expect(stored.equals(sent)).toBe(true);
});

test('docs/api.md lists every problem and every call', async () => {
  const text = await readFile(DOCS, 'utf8');
  for (const [kind, { status }] of Object.entries(PROBLEMS))
    expect(text).toContain(`| ${status} | \`${kind}\` |`);
  for (const { method, path } of Object.values(routes)) expect(text).toContain(`\`${method} ${path}\``);
  expect(text).toContain(problemType('not-open').replace('not-open', ''));
});
