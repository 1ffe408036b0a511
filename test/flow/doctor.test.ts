import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, onTestFinished, test } from 'vitest';
import { refuse } from '../../local/cos/faults.ts';
import { LOCAL_COS, type StackOptions, startStack } from '../../local/stack/stack.ts';
import { keysInSecretsManager } from '../../shared/wiring/cos-keys.ts';
import type { Account } from '../../tools/doctor/account.ts';
import { accountChecks } from '../../tools/doctor/account-checks.ts';
import { type Check, runChecks } from '../../tools/doctor/finding.ts';
import { relayChecks } from '../../tools/doctor/relay-checks.ts';
import { runCommand, runHere } from '../kit/command.ts';
import { startSecretsManager } from '../kit/secrets-manager.ts';
import { tempDir } from '../kit/temp-dir.ts';

const KEYS = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/k';
const CONFIG = {
  SOURCE_BUCKET: 'photos',
  RECEIPTS_BUCKET: 'receipts',
  COS_SECRET_NAME: 'cos',
  MAX_CONCURRENCY: 20,
};

/** A process, on a machine that may be busy. */
const SLOW = { timeout: 300_000 };

/** What is not right, by the name of its check: what was found. */
async function wrongOnes(checks: readonly Check[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const one of runChecks(checks, 10_000)) if (one.kind !== 'right') found[one.name] = one.what;
  return found;
}

async function openStack(options: Partial<StackOptions> = {}) {
  const dir = await tempDir('doctor');
  const stack = await startStack({ dataDir: dir.path, volatileTable: true, ...options });
  onTestFinished(async () => {
    await stack.close();
    await dir.remove();
  });
  return stack;
}

/** An account in which all is well. */
const sound: Account = {
  region: 'us-east-1',
  bucket: async () => ({ region: 'us-east-1', eventBridge: true, keyArn: KEY }),
  table: async () => ({ active: true, expires: true, recovers: true, keyArn: KEY }),
  concurrency: async () => ({ account: 1_000, workers: undefined }),
  mayUse: async () => true,
  secretKey: async () => KEY,
};

test('nothing is wrong with a relay as it is started, and COS is left as it was', async () => {
  const { services, cos } = await openStack();

  const wrong = await wrongOnes([
    ...relayChecks(services, async () => KEYS),
    ...accountChecks({ ...services.config, ...CONFIG }, sound),
  ]);

  expect(wrong).toEqual({});
  expect(cos?.log.map(({ op }) => op)).toContain('upload');
  expect(cos?.log.findLast(({ op }) => op !== 'unknown')?.op).toBe('delete');
});

test.each([
  ['is not there', { error: 'ResourceNotFoundException' }, /cannot be read/],
  ['may not be read', { error: 'AccessDeniedException' }, /cannot be read/],
  ['is no key pair', { text: '{"secretId": "only half"}' }, /must be JSON/],
])('a secret that %s is found', async (_, answer, words) => {
  const { services } = await openStack();
  await using vault = await startSecretsManager(answer);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint: vault.origin, region: 'us-east-1', credentials });

  const wrong = await wrongOnes(relayChecks(services, () => keysInSecretsManager('cos', client).get()));

  expect(wrong).toEqual({ 'key pair': expect.stringMatching(words) });
});

test('a key that COS does not know is found', async () => {
  const { services } = await openStack({ cos: { credentials: [{ ...KEYS, secretKey: 'another' }] } });

  const wrong = await wrongOnes(relayChecks(services, async () => KEYS));

  expect(Object.keys(wrong)).toEqual(['COS']);
});

test('a key that may write and not read is found, and the file is removed all the same', async () => {
  const { services, cos } = await openStack();
  cos?.inject(refuse(100, 403, -5, { op: 'stat' }));

  const wrong = await wrongOnes(relayChecks(services, async () => KEYS));

  expect(Object.keys(wrong)).toEqual(['COS']);
  expect(cos?.log.findLast(({ op }) => op !== 'unknown')?.op).toBe('delete');
});

test('a clock that is an hour off is found', async () => {
  const { services } = await openStack();
  const late = { ...services, clock: () => Date.now() - 3_600_000 };

  const wrong = await wrongOnes(relayChecks(late, async () => KEYS));

  expect(wrong).toEqual({ clock: expect.stringMatching(/3\d\d\d s behind/) });
});

test('receipts in the source bucket are found', async () => {
  const { services } = await openStack();
  const config = { ...services.config, SOURCE_BUCKET: 'b', RECEIPTS_BUCKET: 'b' };

  const wrong = await wrongOnes(relayChecks({ ...services, config }, async () => KEYS));

  expect(wrong).toEqual({ receipts: expect.stringContaining('s3://b/receipts/') });
});

test.each<[string, Partial<Account>, string]>([
  [
    'a bucket that does not tell EventBridge',
    { bucket: async () => ({ region: 'us-east-1', eventBridge: false }) },
    'events',
  ],
  [
    'a bucket of another region',
    { bucket: async () => ({ region: 'eu-west-1', eventBridge: true }) },
    'regions',
  ],
  ['a role without a right to a key', { mayUse: async () => false }, 'keys (KMS)'],
  [
    'an account of ten calls at once',
    { concurrency: async () => ({ account: 10, workers: undefined }) },
    'concurrency',
  ],
  [
    'workers that are switched off',
    { concurrency: async () => ({ account: 1_000, workers: 0 }) },
    'concurrency',
  ],
  [
    'records that stay for ever',
    { table: async () => ({ active: true, expires: false, recovers: true }) },
    'table',
  ],
  [
    'a table without recovery',
    { table: async () => ({ active: true, expires: true, recovers: false }) },
    'table',
  ],
  [
    'a question that may not be asked',
    { concurrency: () => Promise.reject(Object.assign(new Error(), { name: 'AccessDeniedException' })) },
    'concurrency',
  ],
])('%s is found', async (_, broken, name) => {
  const { services } = await openStack();

  const wrong = await wrongOnes(accountChecks({ ...services.config, ...CONFIG }, { ...sound, ...broken }));

  expect(Object.keys(wrong)).toEqual([name]);
});

test('the command says in a table what is right, and ends with 1 when something is not', SLOW, async () => {
  const dir = await tempDir('doctor-command');
  onTestFinished(dir.remove);

  const sound = await runCommand('tools/doctor/main.ts', ['--local', '--data', dir.path]);
  const broken = await runHere('tools/doctor/main.ts', ['--local', '--data', dir.path], {
    env: {
      COS_REGION: 'gz',
      COS_APP_ID: '1',
      COS_BUCKET: 'b',
      COS_SECRET_ID: 'i',
      COS_SECRET_KEY: 'k',
      COS_ENDPOINT: 'http://127.0.0.1:9',
      COS_ATTEMPTS: '1',
    },
  });
  const nowhere = await runHere('tools/doctor/main.ts', []);

  expect([sound.code, broken.code, nowhere.code]).toEqual([0, 1, 2]);
  expect(sound.stdout).toMatch(/ok.*COS.*wrote, read/);
  expect(broken.stdout).toMatch(/WRONG.*COS/);
});
