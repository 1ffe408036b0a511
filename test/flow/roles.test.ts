import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateTableCommand, DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type PutObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { handler as executionEnded } from '../../functions/execution-ended.ts';
import { handler as expireUploads } from '../../functions/expire-uploads.ts';
import { putFile } from '../../local/s3/drop/drop.ts';
import { startS3Endpoint } from '../../local/s3/endpoint.ts';
import { functionsByName } from '../../local/stack/api/functions.ts';
import { startDynamoDb } from '../../local/stack/dynamodb.ts';
import { functionOf, localContext } from '../../local/stack/machine.ts';
import { reportFilesInFolder } from '../../local/stack/report-files-in-folder.ts';
import { LOCAL_COS, SOURCE_BUCKET, type Stack, startStack } from '../../local/stack/stack.ts';
import { beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import type { ReportFiles } from '../../shared/services.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import { stepFunctionsBackfill } from '../../shared/wiring/backfill-machine.ts';
import { keysInSecretsManager } from '../../shared/wiring/cos-keys.ts';
import { reportFilesInS3 } from '../../shared/wiring/report-files.ts';
import { stepFunctionsMachine } from '../../shared/wiring/step-functions.ts';
import { withServices } from '../../shared/wiring/wiring.ts';
import { asFunction, callsOf, recordCalls } from '../kit/aws-calls.ts';
import { requestOf } from '../kit/backfill-bed.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { EVERYTHING_SET, type Packaged, packagedTemplate } from '../kit/package.ts';
import { startSecretsManager } from '../kit/secrets-manager.ts';
import { tempDir } from '../kit/temp-dir.ts';

const SLICE = 524_288;
const KEYS = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };
const NOBODY = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
/**
 * What is used without a call of the code: Lambda's log, trace and queue, the bucket's key on S3's behalf, and the right
 * that makes S3 answer 404 instead of 403.
 */
const RUNTIME = /^(logs|xray|sqs|kms):|^s3:ListBucket$/;

let template: Packaged;
beforeAll(async () => {
  template = await packagedTemplate(EVERYTHING_SET);
}, 600_000);

test('each role allows what its function calls, and nothing else', async () => {
  const relay = await openRelay();
  await useEverything(relay);

  const functions = Object.values(template.resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const names = functions.map(({ Properties }) =>
    String(Properties.FunctionName).replace('cos-slice-relay-prod-', ''),
  );
  const allowed = Object.fromEntries(names.map((name) => [name, rightsOf(name)]));
  const used = Object.fromEntries(names.map((name) => [name, callsOf(name)]));

  expect(used).toEqual(allowed);
});

/** Every function, by each of the ways that lead it to another service. */
async function useEverything({
  md5,
  sha1,
  put,
  call,
  failNext,
  begun,
  outsider,
  backfilled,
  checked,
  writtenDown,
  unsealed,
}: Relay): Promise<void> {
  const bytes = (count: number) => Buffer.alloc(count, 'relay');
  // a small object, a large one, a large one with its SHA-1, one whose first step fails
  await arrive(md5, await put('small', bytes(1_000)));
  await arrive(md5, await put('large', bytes(3 * SLICE)));
  await md5.machine.idle();
  await arrive(sha1, await put('hashed', bytes(3 * SLICE)));
  await sha1.machine.idle();
  failNext('OpenUpload', new Error('nobody knows why'));
  await arrive(md5, await put('failing', bytes(3 * SLICE)));
  await md5.machine.idle();
  // and one whose worker dies once
  failNext('UploadSlices', Object.assign(new Error('killed'), { name: 'Runtime.ExitError' }));
  await arrive(md5, await put('killed', bytes(3 * SLICE)));
  await md5.machine.idle();

  // a page of a list, whose cursor is the first thing that is sealed
  await call('api-list-transfers', { query: { limit: '1' } });

  // an execution that somebody stopped
  const started = await call('api-start-transfer', {
    body: { source: { bucket: SOURCE_BUCKET, key: 'large' }, target: { path: 'again' } },
  });
  const detail = {
    name: `${started.id}-1`,
    status: 'ABORTED',
    input: JSON.stringify({ transferId: started.id }),
  };
  await asFunction('execution-ended', () =>
    withServices(md5.services, () => executionEnded({ detail }, localContext('execution-ended', 60_000))),
  );
  await md5.machine.idle();

  // an upload that a client drives; one it gives up; one whose file is there; one that began when it was not
  const size = 2 * SLICE;
  const upload = await call('api-start-transfer', { body: { target: { path: 'client' }, size } });
  await call('api-list-slices', { id: upload.id });
  for (const offset of [0, SLICE])
    await call('api-put-slice', { id: upload.id, offset, content: bytes(SLICE) });
  await call('api-get-transfer', { id: upload.id });
  await call('api-get-transfer-map', { id: upload.id });
  await call('api-finish-transfer', { id: upload.id });
  // and one whose slice COS closed the file with, damaged
  const spoiled = await call('api-start-transfer', { body: { target: { path: 'spoiled' }, size } });
  const { cos } = md5.services;
  const damaging = { ...cos, put: async () => ({ kind: 'held', md5: 'other', closed: true }) as const };
  const meddled = { ...md5, services: { ...md5.services, cos: damaging } };
  const lost = { id: spoiled.id, offset: 0, content: bytes(SLICE), status: 409 };
  await callApi(meddled, 'api-put-slice', lost);
  const given = await call('api-start-transfer', { body: { target: { path: 'given-up' }, size } });
  await call('api-cancel-transfer', { id: given.id });
  // uploads that nobody touches, and a relay that nobody started: all that are open a year from now
  const never = {
    kind: 's3',
    bucket: SOURCE_BUCKET,
    key: 'never',
    etag: 'e',
    size: 1,
    lastModified: 0,
  } as const;
  const to = destinationOf(md5.services.config, 'never');
  await registerTransfer(never, to, md5.services, { restart: false });
  const later = { ...md5.services, clock: () => Date.now() + 31_536_000_000 };
  await call('api-start-transfer', { body: { target: { path: 'left-alone' }, size } });
  await asFunction('expire-uploads', () =>
    withServices(later, () => expireUploads({}, localContext('expire-uploads', 300_000))),
  );
  const whole = { size: 1_000, sha1: hash('sha1', bytes(1_000)) };
  await outsider('there', bytes(1_000));
  await call('api-start-transfer', { body: { target: { path: 'there' }, ...whole } });
  await outsider('late', bytes(1_000));
  await call('api-list-slices', { id: await begun('late', whole) });
  await put('of-a-list', bytes(1_000));
  await put('large-of-a-list', bytes(3 * SLICE));
  // a bucket of which one object is large, by a list that names a version
  const reported = await backfilled(
    { key: 'small', versionId: 'null' },
    { key: 'of-a-list', versionId: 'null' },
    { key: 'large-of-a-list' },
  );
  // and a check that looks for what is in COS only
  await checked();
  // and one that runs
  const running = { id: await writtenDown() };
  await call('api-start-backfill', { body: { source: { bucket: SOURCE_BUCKET, prefix: 'small' } } });
  await call('api-start-backfill', { body: { source: { failedOf: reported } }, status: 409 });
  await call('api-get-backfill', running);
  await call('api-change-backfill', { ...running, body: { concurrency: 3 } });
  await call('api-stop-backfill', running);
  await unsealed();
  await call('api-list-backfills', { query: { limit: '1' } });
  await unsealed();
  await call('api-get-backfill-report', { id: reported, query: { limit: '1' } });

  await call('api-list-transfers', {});
  await call('api-get-document', {});
}

const arrive = (stack: Stack, object: Parameters<Stack['announce']>[0]): Promise<void> =>
  asFunction('object-created', () => stack.announce(object));

type Relay = Awaited<ReturnType<typeof openRelay>>;

/** The stack, with every client recorded and every function under its name. */
async function openRelay() {
  const dir = await tempDir('roles');
  const root = join(dir.path, 's3');
  await mkdir(join(root, SOURCE_BUCKET), { recursive: true });
  const cos = await startLocalCos(join(dir.path, 'cos'));
  const [s3, db, secrets] = [
    await startS3Endpoint({ root }),
    await startDynamoDb(),
    await startSecretsManager({ text: JSON.stringify(KEYS) }),
  ];

  const dynamodb = new DynamoDBClient({ ...NOBODY, endpoint: db.endpoint });
  await dynamodb.send(new CreateTableCommand(tableDefinition('roles')));
  const objects = new S3Client({ ...NOBODY, endpoint: s3.origin, forcePathStyle: true });
  const vault = new SecretsManagerClient({ ...NOBODY, endpoint: secrets.origin });
  const sfn = new SFNClient(NOBODY);
  for (const client of [dynamodb, objects, vault, sfn]) recordCalls(client);
  answerInstead(objects, 'PutObjectCommand'); // the endpoint here is read-only
  answerInstead(sfn, 'StartExecutionCommand');
  answerInstead(sfn, 'StopExecutionCommand');
  answerInstead(sfn, 'UpdateMapRunCommand');
  answerInstead(sfn, 'DescribeExecutionCommand', { status: 'RUNNING' });
  answerInstead(sfn, 'ListMapRunsCommand', { mapRuns: [{ mapRunArn: 'arn:of:map' }] });
  answerInstead(sfn, 'DescribeMapRunCommand', { itemCounts: { total: 3 }, maxConcurrency: 2 });

  const failing = new Map<string, Error>();
  const meddle = (state: string, work: () => Promise<unknown>) => {
    const error = failing.get(state);
    failing.delete(state);
    return error ? Promise.reject(error) : asFunction(functionOf(state), work);
  };
  const start = async (env: Record<string, string>): Promise<Stack> => {
    const asked = stepFunctionsMachine({ MACHINE_ARN: 'arn:of:machine' }, sfn);
    const backfills = stepFunctionsBackfill({ BACKFILL_MACHINE_ARN: 'arn:of:stateMachine:backfill' }, sfn);
    const stack: Stack = await startStack({
      dataDir: dir.path,
      env: {
        ...LOCAL_COS,
        COS_ENDPOINT: cos.origin,
        AWS_ENDPOINT_URL_S3: s3.origin,
        AWS_ENDPOINT_URL_DYNAMODB: db.endpoint,
        TABLE_NAME: 'roles',
        SLICE_SIZE: String(SLICE),
        SMALL_OBJECT_MAX: '10000',
        RECEIPTS_BUCKET: 'receipts',
        EGRESS_BUDGET_GB_PER_DAY: '0.5', // its blocks are too small for the next object's
        SOURCE_BUCKET,
        ...env,
      },
      machine: { pauseMs: 1, meddle },
      wiring: {
        dynamodb,
        s3: objects,
        keys: eachItsOwn(vault),
        files: filesOf(objects, root),
        machine: {
          async start(name, input) {
            await asked.start(name, input);
            await stack.machine.start(name, input);
          },
        },
        backfills: {
          ...backfills,
          async start(name, input) {
            await backfills.start(name, input);
            await stack.backfills.start(name, input);
          },
        },
      },
    });
    return stack;
  };
  const [md5, sha1] = [await start({}), await start({ INTEGRITY: 'sha1' })];
  onTestFinished(async () => {
    for (const part of [md5, sha1, s3, cos, db]) await part.close();
    await secrets[Symbol.asyncDispose]();
    await dir.remove();
  });
  return {
    md5,
    sha1,
    put: (key: string, content: Uint8Array) => putFile(root, { bucket: SOURCE_BUCKET, key }, content),
    /** The next call of that state's function does not end well. */
    failNext: (state: string, error: Error) => void failing.set(state, error),
    call: (name: string, given: HttpCall) => callApi(md5, name, given),
    async backfilled(...objects: readonly object[]): Promise<string> {
      const list = { bucket: 'receipts', key: 'list.jsonl' };
      await putFile(
        root,
        { bucket: list.bucket, key: list.key },
        objects.map((object) => JSON.stringify(object)).join('\n'),
      );
      const source = { kind: 'lines', bucket: SOURCE_BUCKET, list } as const;
      const { id } = await beginBackfill(requestOf({ source }), '', md5.services);
      expect(await md5.backfills.ended(id)).toEqual({ status: 'succeeded' });
      return id;
    },
    async checked(): Promise<void> {
      const request = { ...requestOf({ mode: 'check' }), extra: true } as const;
      const { id } = await beginBackfill(request, '', md5.services);
      await md5.backfills.ended(id);
      expect((await md5.services.jobs.get(id))?.summary?.outcomes.extra?.objects).toBeGreaterThan(0);
    },
    /** A backfill that runs, as far as anybody knows. */
    async writtenDown(): Promise<string> {
      const reports = { bucket: 'receipts', prefix: 'receipts/backfills/running' };
      const input = { ...requestOf(), jobId: 'running', startedAt: Date.now(), reports };
      const job = { id: 'running', input, owner: '', createdAt: input.startedAt, revision: 1 };
      await md5.services.jobs.create(job);
      return job.id;
    },
    /** What cursors are sealed with is made by whoever needs it first. */
    async unsealed(): Promise<void> {
      const Key = { pk: { S: 'SEAL' }, sk: { S: 'SEAL' } };
      await dynamodb.send(new DeleteItemCommand({ TableName: 'roles', Key }));
    },
    /** A transfer that was written down, and whose start went no further. */
    async begun(path: string, file: { readonly size: number; readonly sha1: string }): Promise<string> {
      const { target, options } = destinationOf(md5.services.config, path);
      const source = { kind: 'client', key: path, ...file } as const;
      return (await registerTransfer(source, { target, options }, md5.services, { restart: false })).id;
    },
    /** Somebody else stores a file, in place of what is open at its path. */
    async outsider(path: string, content: Uint8Array) {
      const { cos: client } = md5.services;
      const { COS_REGION: region, COS_APP_ID: appId, COS_BUCKET: bucket } = LOCAL_COS;
      const signal = AbortSignal.timeout(60_000);
      const target = { region, appId, bucket, path };
      await client.remove(target, signal);
      await client.upload(target, { content, insertOnly: false, sha1: hash('sha1', content) }, signal);
    },
  };
}

/** Reports are put as they are on AWS, and beside that into the folder, so that they can be read. */
function filesOf(client: S3Client, root: string): ReportFiles {
  const files = reportFilesInS3(() => client);
  return {
    ...files,
    async write(place, lines, signal) {
      const all: string[] = [];
      for await (const line of lines) all.push(line);
      await files.write(place, Readable.from(all), signal);
      await reportFilesInFolder(root, client).write(place, Readable.from(all), signal);
    },
  };
}

/** Each function is a process of its own, so each fetches the pair itself. */
function eachItsOwn(client: SecretsManagerClient) {
  return {
    get: () => keysInSecretsManager('cos-slice-relay/test', client).get(),
    refresh: async () => false,
  };
}

function answerInstead(client: S3Client | SFNClient, command: string, more: object = {}): void {
  const output = { $metadata: {}, ...more } satisfies PutObjectCommandOutput;
  (client as S3Client).middlewareStack.add(
    (next, { commandName }) =>
      (args) =>
        commandName === command ? Promise.resolve({ output, response: {} }) : next(args),
    { step: 'build', name: `answerInstead${command}` },
  );
}

type HttpCall = {
  readonly id?: string;
  readonly offset?: number;
  readonly body?: object;
  readonly content?: Uint8Array;
  readonly query?: Readonly<Record<string, string>>;
  /** Unless it is to go well. */
  readonly status?: number;
};

async function callApi(
  stack: Stack,
  name: string,
  { id, offset, body, content, query, status }: HttpCall,
): Promise<{ id: string }> {
  const handler = functionsByName[name];
  if (!handler) throw new Error(`no function ${name}`);
  const event = {
    headers: { 'content-type': content ? 'application/octet-stream' : 'application/json' },
    pathParameters: {
      ...(id !== undefined && { id }),
      ...(offset !== undefined && { offset: String(offset) }),
    },
    queryStringParameters: query,
    body: content ? Buffer.from(content).toString('base64') : JSON.stringify(body),
    isBase64Encoded: content !== undefined,
    requestContext: {
      requestId: 'local',
      authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } },
    },
  };
  const answer = await asFunction(name, () =>
    withServices(stack.services, () => handler(event, localContext(name, 29_000))),
  );
  const fine = status === undefined ? answer.statusCode < 300 : answer.statusCode === status;
  expect([name, fine ? 'fine' : answer.body]).toEqual([name, 'fine']);
  return JSON.parse(answer.body);
}

/** The actions of a function's role that are its code's, as test/kit/aws-calls.ts names them. */
function rightsOf(name: string): string[] {
  const logicalId = `${name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}Role`;
  const policies = template.resources[logicalId]?.Properties.Policies as Policy[] | undefined; // as infra/roles.yml writes them
  const statements = (policies ?? []).flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map((statement) => ('Fn::If' in statement ? statement['Fn::If'][1] : statement)),
  );
  return statements
    .flatMap(({ Action, Resource }) => {
      const index = /\/index\/(\w+)/.exec(JSON.stringify(Resource))?.[1];
      return [Action].flat().map((action) => (index === undefined ? action : `${action} index/${index}`));
    })
    .filter((action) => !RUNTIME.test(action))
    .sort();
}
type Statement = { readonly Action: string | string[]; readonly Resource: unknown };
type Policy = {
  readonly PolicyDocument: { readonly Statement: (Statement | { 'Fn::If': [string, Statement] })[] };
};
