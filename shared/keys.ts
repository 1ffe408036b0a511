import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { Config } from './config.ts';
import type { CosKeys } from './cos/call.ts';
import type { CosCredentials } from './cos/signature.ts';
import { BadConfig } from './errors.ts';

const secret = z.object({ secretId: z.string().min(1), secretKey: z.string().min(1) });
/** The key pair is fetched anew after this long, in ms: a rotated one is in use everywhere by then. */
const FRESH_MS = 300_000;

/** The Tencent key pair: from Secrets Manager by name, or, on a laptop, from the environment. */
export function keysFrom(config: Config): CosKeys {
  const { COS_SECRET_NAME: name, COS_SECRET_ID: secretId, COS_SECRET_KEY: secretKey } = config;
  if (name !== undefined) return keysInSecretsManager(name, new SecretsManagerClient({}));
  if (secretId === undefined || secretKey === undefined)
    throw new BadConfig('no Tencent key pair is configured');
  return { get: async () => ({ secretId, secretKey }), refresh: async () => false };
}

/** One fetch serves all calls until it is stale or refused. Throws BadConfig for a secret of another shape. */
export function keysInSecretsManager(name: string, client: SecretsManagerClient): CosKeys {
  let cached: { readonly keys: Promise<CosCredentials>; readonly at: number } | undefined;
  const fetch = async (): Promise<CosCredentials> => {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    const read = secret.safeParse(parsed(SecretString));
    if (read.success) return read.data;
    throw new BadConfig(`the secret ${name} must be JSON: {"secretId": "…", "secretKey": "…"}`);
  };
  const renew = (): Promise<CosCredentials> => {
    const keys = fetch();
    const mine = { keys, at: performance.now() };
    cached = mine;
    keys.catch(() => {
      if (cached === mine) cached = undefined; // a failed fetch is not remembered; whoever awaits it is told
    });
    return keys;
  };
  return {
    get: () => (cached && performance.now() - cached.at < FRESH_MS ? cached.keys : renew()),
    async refresh() {
      const before = await cached?.keys;
      const now = await renew();
      return before?.secretId !== now.secretId || before.secretKey !== now.secretKey;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema then says what is wrong, without showing the secret
  }
}
