import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { build } from 'esbuild';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { startDynamoDb } from '../../local/stack/dynamodb.ts';
import { LOCAL_COS, type Stack, startStack } from '../../local/stack/stack.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { type ApiBed, bedOver, QUICK } from './api-bed.ts';
import { WARM } from './package.ts';

const require = createRequire(import.meta.url);
const ROOT = join(import.meta.dirname, '../..');
const TABLE = 'offline';
/** serverless-offline checks no signature; it hands on whom this header names. */
const SIGNED = {
  'sls-offline-authorizer-override': JSON.stringify({
    iam: { userArn: 'arn:aws:iam::000000000000:user/local' },
  }),
};

/** The API of serverless.yml, bundled as for Lambda and served by serverless-offline in a process of its own. */
export async function offlineBed(): Promise<ApiBed> {
  const folder = await mkdtemp(join(tmpdir(), 'offline-'));
  const db = await startDynamoDb();
  const account = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const client = new DynamoDBClient({ ...account, endpoint: db.endpoint });
  await client.send(new CreateTableCommand(tableDefinition(TABLE)));
  client.destroy();
  const stack = await startStack({
    dataDir: folder,
    env: { ...QUICK, TABLE_NAME: TABLE, AWS_ENDPOINT_URL_DYNAMODB: db.endpoint },
    cos: { buckets: ['relay', 'relay-two'] },
    machine: { pauseMs: 10 },
  });
  const machine = await machineDesk(stack);
  const port = await freePort();
  await writeService(join(folder, 'service'), {
    ...QUICK,
    ...LOCAL_COS,
    TABLE_NAME: TABLE,
    COS_ENDPOINT: stack.cos?.origin,
    MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:relay',
    AWS_ENDPOINT_URL_DYNAMODB: db.endpoint,
    AWS_ENDPOINT_URL_S3: stack.s3?.origin,
    AWS_ENDPOINT_URL_SFN: machine.origin,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  const served = await serve(join(folder, 'service'), port);
  return bedOver(stack, `http://127.0.0.1:${port}`, SIGNED, async () => {
    await served.stop();
    machine.close();
    await stack.close();
    await db.close();
    await rm(folder, { recursive: true });
  });
}

/** Takes StartExecution as Step Functions does and hands it to the local machine. */
async function machineDesk(stack: Stack) {
  const call = z.object({ name: z.string(), input: z.string() });
  const input = z.object({ transferId: z.string() });
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const asked = call.parse(JSON.parse(Buffer.concat(pieces).toString()));
    await stack.machine.start(asked.name, input.parse(JSON.parse(asked.input)));
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ executionArn: `arn:${asked.name}`, startDate: Date.now() / 1000 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const service = z.object({
  functions: z.record(
    z.string(),
    z.object({ handler: z.string(), events: z.array(z.unknown()).default([]) }),
  ),
});
const httpApi = z.object({ httpApi: z.object({ method: z.string(), path: z.string() }) });

/** The functions of the real serverless.yml that HTTP reaches, without what only AWS can give. */
export async function apiFunctions(): Promise<
  Record<string, { handler: string; events: z.infer<typeof httpApi>[] }>
> {
  const { functions } = service.parse(parse(await readFile(join(ROOT, 'serverless.yml'), 'utf8')));
  const served = Object.entries(functions).flatMap(([name, { handler, events }]) => {
    const http = events.map((event) => httpApi.safeParse(event)).flatMap(({ data }) => data ?? []);
    return http.length > 0 ? [[name, { handler, events: http }] as const] : [];
  });
  return Object.fromEntries(served);
}

async function writeService(folder: string, environment: Record<string, string | undefined>): Promise<void> {
  const functions = await apiFunctions();
  await mkdir(folder);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  await build({
    entryPoints: Object.values(functions).map(({ handler }) =>
      join(ROOT, handler.replace(/\.handler$/, '.ts')),
    ),
    outdir: join(folder, 'functions'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['@aws-sdk/*', '@smithy/*'],
    plugins: require(join(ROOT, 'infra/slim-bundles.cjs')),
  });
  const plugin = JSON.stringify(require.resolve('serverless-offline'));
  await writeFile(join(folder, 'offline.mjs'), `export { default } from ${plugin};`);
  await writeFile(
    join(folder, 'serverless.yml'),
    stringify({
      service: 'offline',
      provider: { name: 'aws', runtime: 'nodejs24.x', region: 'us-east-1', timeout: 29, environment },
      plugins: ['./offline.mjs'],
      functions,
    }),
  );
}

async function serve(folder: string, port: number): Promise<{ stop(): Promise<void> }> {
  const cli = join(ROOT, 'node_modules/.bin/osls');
  const lambdaPort = await freePort();
  const ports = ['--httpPort', String(port), '--lambdaPort', String(lambdaPort), '--host', '127.0.0.1'];
  const child = spawn(process.execPath, [cli, 'offline', ...ports], {
    cwd: folder,
    env: {
      ...WARM,
      PATH: process.env.PATH,
      HOME: folder,
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
      CI: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  for (let tries = 0; !/Server ready/i.test(said); tries += 1) {
    if (child.exitCode !== null || tries > 1_200)
      throw new Error(`serverless-offline did not start:\n${said}`);
    await sleep(50);
  }
  return {
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
}
