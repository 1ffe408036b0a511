import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../shared/config.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { openTransport } from '../../shared/cos/transport.ts';
import { BadConfig } from '../../shared/errors.ts';
import { keysFrom, keysInSecretsManager } from '../../shared/wiring/cos-keys.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { type SecretsManager, startSecretsManager } from '../kit/secrets-manager.ts';

const OLD = { secretId: 'AKIDold', secretKey: 'old-secret-key' };
const NEW = { secretId: 'AKIDnew', secretKey: 'new-secret-key' };
const NAME = 'cos-slice-relay/test';
const account = { COS_REGION: 'gz', COS_APP_ID: '1250000000', COS_BUCKET: 'relay' };

afterEach(() => vi.unstubAllEnvs());

const asText = (pair: object) => ({ text: JSON.stringify(pair) });
const clientOf = ({ origin }: SecretsManager) =>
  new SecretsManagerClient({
    endpoint: origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });

test('the pair comes from the secret that the configuration names, by the endpoint of the environment', async () => {
  await using server = await startSecretsManager(asText(OLD));
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', server.origin);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');

  const keys = keysFrom(loadConfig({ ...account, COS_SECRET_NAME: NAME }));

  expect(await keys.get()).toEqual(OLD);
  expect(server.asked).toEqual([NAME]);
});

test('one fetch serves all who ask, until it is five minutes old', async () => {
  await using server = await startSecretsManager(asText(OLD));
  let now = 0;
  const keys = keysInSecretsManager(NAME, clientOf(server), () => now);

  await Promise.all(Array.from({ length: 20 }, () => keys.get()));
  server.answer = asText(NEW);
  now = 299_999;
  const before = await keys.get();
  now = 300_000;
  const after = await keys.get();

  expect([before, after]).toEqual([OLD, NEW]);
  expect(server.asked).toHaveLength(2);
});

test('a stale pair serves while Secrets Manager is away', async () => {
  await using server = await startSecretsManager(asText(OLD));
  let now = 0;
  const keys = keysInSecretsManager(NAME, clientOf(server), () => now);
  await keys.get();

  server.answer = { error: 'InternalServiceError' };
  now = 400_000;

  expect(await keys.get()).toEqual(OLD);
});

test('a failed first fetch is not remembered', async () => {
  await using server = await startSecretsManager({ error: 'InternalServiceError' });
  const keys = keysInSecretsManager(NAME, clientOf(server));
  await expect(keys.get()).rejects.toThrow();

  server.answer = asText(NEW);

  expect(await keys.get()).toEqual(NEW);
});

test.each([
  ['not JSON', 'AKIDold:old-secret-key'],
  ['another shape', JSON.stringify({ id: 'AKIDold', key: 'old-secret-key' })],
  ['nothing', ''],
])('a secret that is %s is named, and not shown', async (_, text) => {
  await using server = await startSecretsManager({ text });

  const refused = await keysInSecretsManager(NAME, clientOf(server))
    .get()
    .catch((error: unknown) => error);

  expect(refused).toBeInstanceOf(BadConfig);
  expect(String(refused)).toContain(NAME);
  expect(String(refused)).not.toContain('old-secret-key');
});

test.each(['ResourceNotFoundException', 'AccessDeniedException'])(
  '%s is a matter of configuration',
  async (error) => {
    await using server = await startSecretsManager({ error });

    await expect(keysInSecretsManager(NAME, clientOf(server)).get()).rejects.toThrow(BadConfig);
  },
);

test('many requests refused at once for a rotated pair all go through after one fetch', async () => {
  await using server = await startSecretsManager(asText(OLD));
  const dataDir = await mkdtemp(join(tmpdir(), 'keys-'));
  const cos = await startLocalCos(dataDir, { credentials: [NEW] });
  const transport = openTransport({ origin: cos.origin, connections: 8, requestTimeoutMs: 60_000 });
  const keys = keysInSecretsManager(NAME, clientOf(server));
  await keys.get();
  server.answer = asText(NEW);

  const client = openHttpClient({ transport, keys, clock: Date.now, random: Math.random });
  const target = { region: 'gz', appId: account.COS_APP_ID, bucket: account.COS_BUCKET, path: 'some/file' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => client.stat(target, AbortSignal.timeout(60_000))),
  );

  expect(answers.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => 'none'));
  expect(server.asked).toHaveLength(2);
  await transport.close();
  await cos.close();
});

test('a pair that stays wrong is refused after one fetch, by its code', async () => {
  await using server = await startSecretsManager(asText(OLD));
  const dataDir = await mkdtemp(join(tmpdir(), 'keys-'));
  const cos = await startLocalCos(dataDir, { credentials: [NEW] });
  const transport = openTransport({ origin: cos.origin, connections: 1, requestTimeoutMs: 60_000 });
  const keys = keysInSecretsManager(NAME, clientOf(server));
  const client = openHttpClient({ transport, keys, clock: Date.now, random: Math.random });
  const target = { region: 'gz', appId: account.COS_APP_ID, bucket: account.COS_BUCKET, path: 'some/file' };

  const refused = client.stat(target, AbortSignal.timeout(60_000));

  await expect(refused).rejects.toMatchObject({ name: 'CosRefused', cosCode: expect.any(Number) });
  expect(server.asked).toHaveLength(2);
  await transport.close();
  await cos.close();
});
