import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';
import { startS3Endpoint } from '../../local/s3/endpoint.ts';
import { startDynamoDb } from '../../local/stack/dynamodb.ts';
import { LOCAL_COS, SOURCE_BUCKET, startStack } from '../../local/stack/stack.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { unpackBundles } from '../kit/bundles.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { packaged } from '../kit/package.ts';
import { tempDir } from '../kit/temp-dir.ts';

const RUN = join(import.meta.dirname, '../kit/run-bundle.mjs');
const SLICE = 524_288;
/** A process a call. */
const SLOW = { timeout: 400_000 };

let bundles: ReadonlyMap<string, string>;
beforeAll(async () => {
  bundles = await unpackBundles(await packaged());
}, 600_000);

test(
  'the packaged functions carry a small object and a large one, each in a process of its own',
  SLOW,
  async () => {
    const { env, put, register, stored } = await openServices();
    const small = Buffer.alloc(1_000, 'small');
    const large = Buffer.alloc(5 * SLICE + 7, 'large');

    const event = objectCreatedEvent(await put('small', small));
    const batch = { Records: [{ messageId: 'm', body: JSON.stringify(event) }] };
    const delivered = await run('object-created', batch, env);
    const transferId = await register(await put('large', large));
    const unhashed = await run('open-upload', { transferId }, env);
    const hashed = await run('hash-source', unhashed, env);
    const opened = await run('open-upload', hashed, env);
    const listed = await run('list-slices', opened, env);
    for (const window of listed.windows as object[]) await run('upload-slices', { transferId, window }, env);
    const complete = await run('list-slices', listed, env);
    const finished = await run('finish-upload', complete, env);

    expect(delivered).toEqual({ batchItemFailures: [] });
    expect([unhashed, hashed, opened, listed, complete, finished].map(({ kind }) => kind)).toEqual([
      'unhashed',
      'hashed',
      'session',
      'missing',
      'complete',
      'stored',
    ]);
    expect(await stored('small')).toBe(hash('sha1', small));
    expect(await stored('large')).toBe(hash('sha1', large));
  },
);

test(
  'the packaged functions resume: a process that carried one window and ended leaves the others to the next',
  SLOW,
  async () => {
    const { env, put, register, stored } = await openServices({ INTEGRITY: 'md5', WINDOW_BYTES: '1048576' });
    const large = Buffer.alloc(5 * SLICE + 7, 'resumed');
    const transferId = await register(await put('resumed', large));

    const listed = await run('list-slices', await run('open-upload', { transferId }, env), env);
    const [first] = listed.windows as object[];
    await run('upload-slices', { transferId, window: first }, env);
    const again = await run('list-slices', await run('open-upload', { transferId }, env), env);
    for (const window of again.windows as object[]) await run('upload-slices', { transferId, window }, env);
    await run('finish-upload', await run('list-slices', again, env), env);

    expect((again.windows as object[]).length).toBe((listed.windows as object[]).length - 1);
    expect(await stored('resumed')).toBe(hash('sha1', large));
  },
);

test(
  'the packaged functions of the API carry a client upload, give one up, and tell of both',
  SLOW,
  async () => {
    const { stored, warm } = await openServices({ INTEGRITY: 'md5' });
    const content = Buffer.alloc(2 * SLICE, 'client');
    const call = (name: string, given: HttpCall = {}) => runCall(name, given, warm);

    const { id } = await call('api-start-transfer', {
      body: { target: { path: 'client' }, size: content.length },
    });
    for (const offset of [0, SLICE])
      await call('api-put-slice', { id, offset, content: content.subarray(offset, offset + SLICE) });
    await call('api-list-slices', { id });
    await call('api-finish-transfer', { id });
    const finished = await call('api-get-transfer', { id });
    const other = await call('api-start-transfer', { body: { target: { path: 'other' }, size: SLICE } });
    const cancelled = await call('api-cancel-transfer', { id: other.id });
    const list = await call('api-list-transfers');
    const document = await call('api-get-document');

    expect([finished.state, cancelled.state]).toEqual(['stored', 'cancelled']);
    expect(JSON.stringify(list)).toContain(String(id));
    expect(document).toHaveProperty('openapi');
    expect(await stored('client')).toBe(hash('sha1', content));
  },
);

test('the packaged functions write failures down, in the machine and beside it', SLOW, async () => {
  const { put, register, warm } = await openServices({});
  const [one, two] = [await register(await put('one', BIG)), await register(await put('two', BIG))];
  const input = JSON.stringify({ transferId: two });

  const recorded = await warm('record-failure', { transferId: one, error: { Error: 'NoProgress' } });
  await warm('execution-ended', { detail: { name: `${two}-1`, status: 'ABORTED', input } });
  const aborted = await runCall('api-get-transfer', { id: two }, warm);

  expect([recorded.state, aborted.state]).toEqual(['failed', 'failed']);
});
const BIG = Buffer.alloc(20_000, 'big');

type HttpCall = {
  readonly id?: unknown;
  readonly offset?: number;
  readonly body?: object;
  readonly content?: Uint8Array;
};

/** One call as API Gateway hands it on. */
async function runCall(name: string, { id, offset, body, content }: HttpCall, run: Call) {
  const answer = await run(name, {
    headers: { 'content-type': content ? 'application/octet-stream' : 'application/json' },
    pathParameters: {
      ...(id !== undefined && { id }),
      ...(offset !== undefined && { offset: String(offset) }),
    },
    body: content ? Buffer.from(content).toString('base64') : JSON.stringify(body),
    isBase64Encoded: content !== undefined,
    requestContext: {
      requestId: 'bundle',
      authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } },
    },
  });
  expect([name, Number(answer.statusCode) < 300 ? 'fine' : answer.body]).toEqual([name, 'fine']);
  return JSON.parse(String(answer.body));
}

type Call = (name: string, event: object) => Promise<Record<string, unknown>>;

/** One call in a process of its own, which ends with it. */
async function run(name: string, event: object, env: Env): Promise<Record<string, unknown>> {
  const sandbox = openSandbox(env);
  try {
    return await sandbox.call(name, event);
  } finally {
    await sandbox.close();
  }
}

/** A process that keeps every function it was called for, as a Lambda that is warm. */
function openSandbox(env: Env): { readonly call: Call; close(): Promise<void> } {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [RUN], { env: { PATH, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(name, event) {
      child.stdin.write(`${JSON.stringify({ file: bundles.get(name) ?? `no bundle ${name}`, event })}\n`);
      for (;;) {
        const { value, done } = await answers.next();
        if (done) throw new Error(`the process ended in a call of ${name}`);
        const [, answer] = /^answer: (.*)$/.exec(value) ?? [];
        if (answer !== undefined) return JSON.parse(answer);
      }
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

type Env = Readonly<Record<string, string>>;

/** S3, DynamoDB and COS at addresses that a process of its own can reach. */
async function openServices(settings: Record<string, string> = { INTEGRITY: 'sha1' }) {
  const dir = await tempDir('bundles');
  const root = join(dir.path, 's3');
  await mkdir(join(root, SOURCE_BUCKET), { recursive: true });
  const [s3, db] = [await startS3Endpoint({ root }), await startDynamoDb()];
  const cos = await startLocalCos(join(dir.path, 'cos'));
  const env = {
    ...LOCAL_COS,
    COS_ENDPOINT: cos.origin,
    AWS_ENDPOINT_URL_S3: s3.origin,
    AWS_ENDPOINT_URL_DYNAMODB: db.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    TABLE_NAME: 'bundles',
    SLICE_SIZE: String(SLICE),
    SMALL_OBJECT_MAX: '10000',
    SOURCE_BUCKET,
    ...settings,
  };
  const dynamodb = new DynamoDBClient({
    endpoint: db.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await dynamodb.send(new CreateTableCommand(tableDefinition('bundles')));
  let started = '';
  const noted = (transferId: string) => {
    started = transferId;
  };
  const stack = await startStack({
    dataDir: dir.path,
    env,
    wiring: { dynamodb, machine: { start: async (_, { transferId }) => noted(transferId) } },
  });
  const sandbox = openSandbox(env);
  onTestFinished(async () => {
    for (const part of [sandbox, stack, s3, cos, db]) await part.close();
    await dir.remove();
  });
  return {
    env,
    /** Calls, one after another, in one process. */
    warm: sandbox.call,
    put: (key: string, content: Uint8Array) => putFile(root, { bucket: SOURCE_BUCKET, key }, content),
    /** As object-created does, less the machine. */
    async register(object: Parameters<typeof stack.announce>[0]): Promise<string> {
      await stack.announce(object);
      return started;
    },
    async stored(path: string): Promise<string | undefined> {
      const file = await cos.file(LOCAL_COS.COS_BUCKET, path);
      return file && hash('sha1', await readFile(file.dataPath));
    },
  };
}
