import { describe, expect, onTestFinished, test } from 'vitest';
import type { CosEndpoint, CosEndpointOptions } from '../../local/cos/endpoint.ts';
import type { FaultAct } from '../../local/cos/faults.ts';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import type { CosKeys } from '../../shared/cos/call.ts';
import type { CosClient } from '../../shared/cos/client.ts';
import { knownCodes } from '../../shared/cos/codes.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { openTransport } from '../../shared/cos/transport.ts';
import { CosRefused, CosUnavailable } from '../../shared/errors.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { bytesOf, SLICE, seen, sha1, targetOf } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';
import { wholeOf } from '../kit/whole.ts';

const never = new AbortController().signal;
const TARGET = targetOf('a/b.bin');
const SIZE = 2 * SLICE + 9;
const CONTENT = bytesOf('content', SIZE);
const GOOD = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };

type Bed = {
  readonly cos: CosEndpoint;
  readonly client: CosClient;
  /** Another client, which waits a second for an answer. */
  readonly impatient: CosClient;
};

async function bed(options: Partial<CosEndpointOptions> = {}, keys: Partial<CosKeys> = {}): Promise<Bed> {
  const dir = await tempDir('cos-client');
  const cos = await startLocalCos(dir.path, { refuseSame: true, ...options });
  const transports = [60_000, 1_000].map((requestTimeoutMs) =>
    openTransport({ origin: cos.origin, connections: 2, requestTimeoutMs }),
  );
  onTestFinished(async () => {
    for (const transport of transports) await transport.close();
    await cos.close();
    await dir.remove();
  });
  const [client, impatient] = transports.map((transport) =>
    openHttpClient({
      transport,
      keys: { get: async () => GOOD, refresh: async () => false, ...keys },
      clock: Date.now,
      random: Math.random,
    }),
  ) as [CosClient, CosClient];
  return { cos, client, impatient };
}

const open = (client: CosClient) =>
  client.open(TARGET, { size: SIZE, sliceSize: SLICE, insertOnly: true }, never);

async function session(client: CosClient): Promise<string> {
  await client.createDirectory(targetOf('a/'), never);
  const opened = await open(client);
  if (opened.kind !== 'session') throw new Error(opened.kind);
  return opened.session;
}

const put = (client: CosClient, of: string, offset: number) =>
  client.put(TARGET, { session: of, offset, content: CONTENT.subarray(offset, offset + SLICE) }, never);

describe('every operation, as a value', () => {
  test('a file goes from no directory to stored, slice by slice', async () => {
    const { client } = await bed();

    expect(await open(client)).toEqual({ kind: 'no-directory' });
    expect(await client.list(TARGET, never)).toEqual({ kind: 'none' });
    expect(await client.stat(TARGET, never)).toEqual({ kind: 'none' });
    const of = await session(client);
    await client.createDirectory(targetOf('a/'), never); // once more is fine (-178)
    expect(await open(client)).toEqual({ kind: 'unfinished' });
    const first = await put(client, of, 0);
    expect(first).toMatchObject({
      kind: 'held',
      closed: false,
      md5: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(await client.list(TARGET, never)).toEqual({
      kind: 'unfinished',
      session: of,
      size: SIZE,
      sliceSize: SLICE,
      held: [{ offset: 0, length: SLICE }],
    });
    expect(await client.finish(TARGET, { session: of, size: SIZE }, never)).toEqual({ kind: 'gap' });
    await put(client, of, SLICE);
    await put(client, of, 2 * SLICE);
    expect(await client.finish(TARGET, { session: of, size: SIZE }, never)).toMatchObject({ kind: 'stored' });
    expect(await client.stat(TARGET, never)).toMatchObject({ kind: 'file', size: SIZE, received: SIZE });
    expect(await client.list(TARGET, never)).toMatchObject({ kind: 'finished' });
    expect(await open(client)).toEqual({ kind: 'exists' });
    expect(await client.update(TARGET, { 'Cache-Control': 'no-cache' }, never)).toEqual({ kind: 'updated' });
    expect(await client.remove(TARGET, never)).toEqual({ kind: 'removed' });
    expect(await client.remove(TARGET, never)).toEqual({ kind: 'none' });
  });

  test('a small file goes up in one request', async () => {
    const { client } = await bed();
    const content = Buffer.from('small');
    const upload = (insertOnly: boolean) =>
      client.upload(TARGET, { content, insertOnly, sha1: sha1(content) }, never);

    expect(await upload(true)).toEqual({ kind: 'no-directory' });
    await client.createDirectory(targetOf('a/'), never);
    expect(await upload(true)).toMatchObject({ kind: 'stored' });
    expect(await upload(true)).toEqual({ kind: 'exists' });
    expect(await upload(false)).toMatchObject({ kind: 'stored' });
    expect(await client.stat(TARGET, never)).toMatchObject({ sha1: sha1(content) });
  });

  test('a session with a sha: instant upload, the sha in the list, a wrong one at finish', async () => {
    const { client } = await bed({ shaSuffix: '_524288' });
    await client.createDirectory(targetOf('a/'), never);
    const whole = await wholeOf(CONTENT, SLICE);
    const asked = { size: SIZE, sliceSize: SLICE, insertOnly: true, whole };
    const opened = await client.open(TARGET, asked, never);
    if (opened.kind !== 'session') throw new Error(opened.kind);
    const of = opened.session;

    expect(await client.list(TARGET, never)).toMatchObject({ sha1: whole.sha1, held: [] });
    for (const offset of [0, SLICE, 2 * SLICE]) {
      const content = Buffer.from(CONTENT.subarray(offset, offset + SLICE));
      if (offset === 0) content[0] = (content[0] ?? 0) ^ 1;
      await client.put(TARGET, { session: of, offset, content, sha1: whole.sha1 }, never);
    }
    const finish = () => client.finish(TARGET, { session: of, size: SIZE, sha1: whole.sha1 }, never);
    expect(await finish()).toMatchObject({ kind: 'wrong-sha', error: { cosCode: -4016 } });
    const right = { session: of, offset: 0, content: CONTENT.subarray(0, SLICE), sha1: whole.sha1 };
    await client.put(TARGET, right, never);
    expect(await finish()).toMatchObject({ kind: 'stored' });
    expect(await client.open(targetOf('a/c.bin'), asked, never)).toMatchObject({ kind: 'stored' });
  });
});

/** What each operation makes of each code; what is not named here is an error by the table's remedy. */
const VALUES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  open: {
    [-4019]: 'unfinished',
    [-4020]: 'unfinished',
    [-177]: 'exists',
    [-197]: 'no-directory',
    [-284]: 'slice-size-refused',
  },
  list: { [-197]: 'none' },
  stat: { [-197]: 'none' },
  remove: { [-197]: 'none' },
  put: { [-4016]: 'wrong-sha' },
  finish: { [-175]: 'gap', [-4016]: 'wrong-sha' },
  upload: { [-4019]: 'unfinished', [-4020]: 'unfinished', [-177]: 'exists', [-197]: 'no-directory' },
  update: {},
};
const REFUSED_AS_VALUE = new Set(['put', 'finish', 'update']);

const operations = (
  client: CosClient,
): Record<keyof typeof VALUES, () => Promise<{ readonly kind: string }>> => ({
  open: () => open(client),
  list: () => client.list(TARGET, never),
  stat: () => client.stat(TARGET, never),
  remove: () => client.remove(TARGET, never),
  put: () => put(client, 'session', 0),
  finish: () => client.finish(TARGET, { session: 'session', size: SIZE }, never),
  upload: () => client.upload(TARGET, { content: Buffer.from('x'), insertOnly: true, sha1: 'x' }, never),
  update: () => client.update(TARGET, { 'Cache-Control': 'x' }, never),
});

describe('every code of the table', () => {
  test.each(Object.keys(VALUES))('%s makes of it a value or an error that names it', async (name) => {
    const { cos, client } = await bed();
    for (const [code, { remedy, meaning }] of knownCodes()) {
      if (code === -59) continue; // has a test of its own
      const status = remedy === 'retry' || remedy === 'throttle' ? 503 : 400;
      cos.clearFaults();
      cos.inject({ times: 100, act: { kind: 'status', status, code } });

      const outcome = await operations(client)
        [name]?.()
        .then(
          (value) => ({ value, error: 'error' in value ? value.error : undefined }),
          (error: unknown) => ({ value: undefined, error }),
        );

      const expected = VALUES[name]?.[code];
      if (expected !== undefined) {
        expect(outcome?.value?.kind, `${code}`).toBe(expected);
        continue;
      }
      const passes = remedy === 'retry' || remedy === 'throttle';
      expect(outcome?.error, `${code}`).toBeInstanceOf(passes ? CosUnavailable : CosRefused);
      expect(outcome?.value?.kind, `${code}`).toBe(
        !passes && REFUSED_AS_VALUE.has(name) ? 'refused' : undefined,
      );
      expect(outcome?.error).toMatchObject({ cosCode: code, message: expect.stringContaining(meaning) });
      if (remedy === 'throttle') expect(outcome?.error).toMatchObject({ throttled: true });
    }
  });

  test('a directory that is there is fine (-178), any other code is not', async () => {
    const { cos, client } = await bed();
    cos.inject({ act: { kind: 'status', status: 409, code: -178 } });
    await client.createDirectory(targetOf('a/'), never);
    cos.inject({ act: { kind: 'status', status: 404, code: -133 } });

    await expect(client.createDirectory(targetOf('a/'), never)).rejects.toThrow(CosRefused);
  });

  test('an unknown code keeps code and request id, and may pass if its HTTP status says so', async () => {
    const { cos, client } = await bed();
    cos.inject({ act: { kind: 'status', status: 400, code: -31337 } });
    const refused = await client.stat(TARGET, never).catch((error: unknown) => error);
    cos.inject({ act: { kind: 'status', status: 500, code: -31337 } });
    const passing = await client.stat(TARGET, never).catch((error: unknown) => error);

    const [record] = seen(cos, 'stat');
    expect(refused).toBeInstanceOf(CosRefused);
    expect(refused).toMatchObject({ cosCode: -31337, requestId: record?.requestId });
    expect(String(refused)).toContain('answered -31337');
    expect(passing).toBeInstanceOf(CosUnavailable);
  });
});

describe('trouble on the way', () => {
  test.each<[string, FaultAct]>([
    ['a reset', { kind: 'reset-before' }],
    ['a reset after it was done', { kind: 'reset-after' }],
    ["a proxy's page", { kind: 'html', status: 502 }],
    ["a proxy's page that says 200", { kind: 'html', status: 200 }],
    ['an answer that breaks off', { kind: 'truncated' }],
    ['silence', { kind: 'stall', when: 'before', forMs: Number.POSITIVE_INFINITY }],
  ])('%s is CosUnavailable, and the next request goes through', async (_, act) => {
    const { cos, client, impatient } = await bed();
    const of = await session(client);
    cos.inject({ op: 'upload_slice_data', act });

    await expect(put(impatient, of, 0)).rejects.toThrow(CosUnavailable);
    expect(await put(client, of, 0)).toMatchObject({ kind: 'held' });
  });

  test('a signal that fires is what is thrown', async () => {
    const { cos, client } = await bed();
    cos.inject({ act: { kind: 'stall', when: 'before', forMs: Number.POSITIVE_INFINITY } });
    const stop = new AbortController();
    const answer = client.stat(TARGET, stop.signal);
    const reason = new Error('enough');
    stop.abort(reason);

    await expect(answer).rejects.toBe(reason);
  });
});

describe('signatures', () => {
  test('a clock a day behind is put right by the Date of one refusal (-59)', async () => {
    const { cos, client } = await bed({ now: () => Date.now() + 86_400_000 });

    await client.stat(TARGET, never);
    await client.stat(TARGET, never);

    expect(cos.log.map(({ code }) => code)).toEqual([-59, -197, -197]);
  });

  test.each([
    ['unknown (-47)', { secretId: 'AKIDold', secretKey: GOOD.secretKey }],
    ['wrong (-48)', { secretId: GOOD.secretId, secretKey: 'an-old-secret-key' }],
  ])('a key pair that is %s is fetched again once, and the request goes through', async (_, old) => {
    let current = old;
    let fetched = 0;
    const { client } = await bed(
      {},
      {
        get: async () => current,
        refresh: async () => {
          fetched += 1;
          current = GOOD;
          return true;
        },
      },
    );

    expect(await client.stat(TARGET, never)).toEqual({ kind: 'none' });
    expect(fetched).toBe(1);
  });

  test.each([-47, -48, -97])(
    'a key pair that stays refused (%i) is an error after one fetch',
    async (code) => {
      let fetched = 0;
      const refresh = async () => {
        fetched += 1;
        return true;
      };
      const { cos, client } = await bed({}, { refresh });
      cos.inject({ times: 10, act: { kind: 'status', status: 403, code } });

      await expect(client.stat(TARGET, never)).rejects.toMatchObject({ name: 'CosRefused', cosCode: code });
      expect(fetched).toBe(1);
      expect(cos.log).toHaveLength(2);
    },
  );

  test('no message of any error holds the key pair or a signature', async () => {
    const { cos, client } = await bed();
    const said: string[] = [];
    for (const code of knownCodes().keys()) {
      cos.clearFaults();
      cos.inject({ times: 100, act: { kind: 'status', status: 500, code } });
      for (const work of Object.values(operations(client)))
        await work().catch((error: unknown) => said.push(`${error} ${JSON.stringify(error)}`));
    }

    const all = said.join('\n');
    expect(said.length).toBeGreaterThan(50);
    expect(all).not.toContain(GOOD.secretKey);
    expect(all).not.toContain(GOOD.secretId);
    expect(all).not.toMatch(/authorization/i);
  });
});
