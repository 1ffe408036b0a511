import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { refuse, stall } from '../../local/cos/faults.ts';
import { type ApiBed, apiBed, TOKEN } from '../kit/api-bed.ts';
import { startAwsStage } from '../kit/aws-stage.ts';
import { runHere, startCommand } from '../kit/command.ts';
import { startIamGateway } from '../kit/iam-gateway.ts';
import { bytesOf, sendings } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const SECRET = 'wJalrXUtnFEMI';
let bed: ApiBed;
beforeAll(async () => {
  bed = await apiBed({ env: { SMALL_OBJECT_MAX: '0', PROGRESS_MS: '50' } });
});
afterAll(() => bed.close());

const here = (): string[] => ['--api', bed.origin, '--token', TOKEN];

async function relayed(key: string, size: number): Promise<string> {
  await bed.stack.announce(await bed.put(key, bytesOf(key, size)));
  return idOf(key);
}
async function idOf(key: string): Promise<string> {
  const { body } = await bed.call('GET', '/transfers?limit=100');
  const found = body.transfers.find((one: { source: { key: string } }) => one.source.key === key);
  return found.id;
}

test('all of them: a line each, with name and state', async () => {
  await relayed('films/one.bin', 2 * MIB);
  await relayed('films/two.bin', MIB);
  await bed.stack.machine.idle();

  const { code, stdout } = await runHere('local/watch/main.ts', ['--once', ...here()]);

  expect(stdout).toMatch(/films\/one\.bin .* stored 2 MiB/);
  expect(stdout).toMatch(/films\/two\.bin .* stored 1 MiB/);
  expect(code).toBe(0);
});

test('one that goes on is watched to its end, and ends with 0 when it is stored', async () => {
  bed.cos.inject(stall(1_000, 200, { op: 'upload_slice_data' }));
  const id = await relayed('watched.bin', 24 * MIB);
  const watched = startCommand('local/watch/main.ts', [id.slice(0, 12), ...here()]);
  await expect.poll(() => sendings(bed.cos).size, { timeout: 60_000 }).toBeGreaterThan(2);
  bed.cos.clearFaults();

  const { code, stdout } = await watched.ended;

  expect(stdout).toContain('watched.bin → relay/watched.bin');
  expect(stdout).toMatch(/stored 24 MiB/);
  expect(stdout).toContain('█'.repeat(24));
  expect(code).toBe(0);
});

test('one that failed ends with 1, its reason and the way out', async () => {
  bed.cos.inject(refuse(1, 403, -4003, { op: 'upload_slice_init' }));
  const id = await relayed('refused.bin', 2 * MIB);
  await bed.stack.machine.idle();

  const { code, stdout } = await runHere('local/watch/main.ts', [id, ...here()]);

  expect(stdout).toContain('error: ');
  expect(stdout).toContain('what to do: ');
  expect(code).toBe(1);
});

test.each([
  ['the wrong token', () => ['--api', bed.origin, '--token', 'other'], 1, /the API says: /],
  [
    'an API that is not there',
    () => ['--api', 'http://127.0.0.1:2', '--token', 'x'],
    1,
    /cannot be reached: ECONNREFUSED/,
  ],
  [
    'an id that nobody has',
    () => ['dddddddd', ...here()],
    2,
    /0 of the newest transfers begin with dddddddd/,
  ],
  [
    'no relay on this machine',
    () => ['--data', '/nowhere'],
    2,
    /no relay runs on \/nowhere: start npm run dev/,
  ],
])('%s is one line with the way out', async (_, args, code, line) => {
  const ended = await runHere('local/watch/main.ts', ['--once', ...args()]);

  expect(ended.stderr).toMatch(line);
  expect([ended.code, ended.stdout]).toEqual([code, '']);
});

test('--stage reads the address from the stack and signs each call with AWS credentials', async () => {
  const keys = { accessKeyId: 'AKIAexample', secretAccessKey: SECRET };
  const id = await relayed('of-a-stage.bin', MIB);
  await bed.stack.machine.idle();
  await using gateway = await startIamGateway({
    api: bed.origin,
    token: TOKEN,
    region: 'eu-west-1',
    ...keys,
  });
  await using aws = await startAwsStage({
    stacks: { 'cos-slice-relay-prod': { HttpApiUrl: gateway.origin } },
  });
  const watch = (stage: string, secret = SECRET) =>
    runHere('local/watch/main.ts', [id.slice(0, 12), '--stage', stage, '--region', 'eu-west-1'], {
      env: { ...aws.env, AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: secret },
    });

  const seen = await watch('prod');
  const stranger = await watch('prod', 'another');
  const nowhere = await watch('staging');

  expect([seen.stderr, seen.code]).toEqual(['', 0]);
  expect(seen.stdout).toMatch(/of-a-stage\.bin[\s\S]*stored 1 MiB/);
  expect(gateway.counts.signed).toBeGreaterThan(2);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('the API says: HTTP 403')]);
  expect(nowhere.code).toBe(2);
  expect(nowhere.stderr).toContain('no stage staging (stack cos-slice-relay-staging) in eu-west-1');
  expect(new Set(aws.calls)).toEqual(new Set(['DescribeStacks'])); // no right to read functions is needed
});

test('a stage that is asked too often at once is asked again, and not given up', async () => {
  const refusals = [429, 503];
  const api = await listening((_, respond) => {
    const status = refusals.shift();
    if (status === undefined) respond(200, '{"transfers":[]}');
    else respond(status, '{"message":"Too Many Requests"}');
  });

  const { code, stdout } = await runHere('local/watch/main.ts', ['--once', '--api', api, '--token', 'x']);

  expect([stdout, code]).toEqual(['nothing was relayed yet\n', 0]);
  expect(refusals).toEqual([]);
});

type Respond = (status: number, body: string) => void;
async function listening(answer: (request: IncomingMessage, respond: Respond) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(body),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}
