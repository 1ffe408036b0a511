import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { refuse, stall } from '../../local/cos/faults.ts';
import { type ApiBed, apiBed, TOKEN } from '../kit/api-bed.ts';
import { runCommand, startCommand } from '../kit/command.ts';
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

  const { code, stdout } = await runCommand('local/watch/main.ts', ['--once', ...here()]);

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
}, 120_000);

test('one that failed ends with 1, its reason and the way out', async () => {
  bed.cos.inject(refuse(1, 403, -4003, { op: 'upload_slice_init' }));
  const id = await relayed('refused.bin', 2 * MIB);
  await bed.stack.machine.idle();

  const { code, stdout } = await runCommand('local/watch/main.ts', [id, ...here()]);

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
  const ended = await runCommand('local/watch/main.ts', ['--once', ...args()]);

  expect(ended.stderr).toMatch(line);
  expect([ended.code, ended.stdout]).toEqual([code, '']);
});

test('--stage reads the address from the stack and signs each call with AWS credentials', async () => {
  const heard: string[] = [];
  const api = await listening((request, respond) => {
    heard.push(String(request.headers.authorization));
    respond('application/json', '{"transfers":[]}');
  });
  const cloudFormation = await listening((_, respond) => respond('text/xml', stackWith(api)));

  const { code, stdout, stderr } = await runCommand(
    'local/watch/main.ts',
    ['--once', '--stage', 'prod', '--region', 'eu-west-1'],
    {
      env: {
        AWS_ENDPOINT_URL: cloudFormation,
        AWS_ACCESS_KEY_ID: 'AKIAexample',
        AWS_SECRET_ACCESS_KEY: SECRET,
      },
    },
  );

  expect([stderr, stdout, code]).toEqual(['', 'nothing was relayed yet\n', 0]);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAexample\/\d{8}\/eu-west-1\/execute-api\//);
});

type Respond = (type: string, body: string) => void;
async function listening(answer: (request: IncomingMessage, respond: Respond) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, (type, body) => response.writeHead(200, { 'content-type': type }).end(body));
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

/** What CloudFormation answers to DescribeStacks (API version 2010-05-15), with what is read of it. */
const stackWith = (
  api: string,
): string => `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackName>cos-slice-relay-prod</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
<CreationTime>2026-11-01T00:00:00Z</CreationTime><Outputs><member><OutputKey>HttpApiUrl</OutputKey>
<OutputValue>${api}</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
