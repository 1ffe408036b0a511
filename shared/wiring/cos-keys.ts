import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { Config } from '../config.ts';
import type { CosKeys } from '../cos/call.ts';
import type { CosCredentials } from '../cos/signature.ts';
import { asError, BadConfig } from '../errors.ts';

const secret = z.object({ secretId: z.string().min(1), secretKey: z.string().min(1) });
/** The key pair is fetched anew after this long, in ms: a rotated one is in use everywhere by then. */
const FRESH_MS = 300_000;

/** The Tencent key pair: from Secrets Manager by name, or, on a laptop, from the environment. */
export function keysFrom(config: Config): CosKeys {
  const { COS_SECRET_NAME: name, COS_SECRET_ID: secretId, COS_SECRET_KEY: secretKey } = config;
  if (name !== undefined) return keysInSecretsManager(name, new SecretsManagerClient({}));
  if (secretId === undefined || secretKey === undefined)
    throw new BadConfig('no Tencent key pair is configured');
  const pair = { secretId, secretKey };
  return { get: async () => pair, refresh: async () => false };
}

/**
 * One fetch serves all calls until it is stale or refused; while Secrets Manager cannot be reached, a stale pair still
 * serves. Throws BadConfig for a secret that is not there or has another shape, never with what it holds.
 */
export function keysInSecretsManager(
  name: string,
  client: SecretsManagerClient,
  now: () => number = () => performance.now(),
): CosKeys {
  let last: { readonly keys: CosCredentials; readonly at: number } | undefined;
  let underWay: Promise<CosCredentials> | undefined;

  /** All who ask meanwhile share one fetch. */
  const renew = (): Promise<CosCredentials> => {
    underWay ??= fetchKeys(name, client)
      .then((keys) => {
        last = { keys, at: now() };
        return keys;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  return {
    async get() {
      if (!last) return renew();
      const { keys, at } = last;
      return now() - at < FRESH_MS ? keys : renew().catch(() => keys);
    },
    async refresh(refused) {
      const held = last?.keys;
      // of many slices refused at once, the first has fetched the new pair for all
      if (held && !isSame(held, refused)) return true;
      return !isSame(await renew(), refused);
    },
  };
}

const isSame = (a: CosCredentials, b: CosCredentials): boolean =>
  a.secretId === b.secretId && a.secretKey === b.secretKey;

async function fetchKeys(name: string, client: SecretsManagerClient): Promise<CosCredentials> {
  const { SecretString = '' } = await client
    .send(new GetSecretValueCommand({ SecretId: name }))
    .catch((thrown: unknown) => {
      const cause = asError(thrown);
      if (!NOT_READABLE.has(cause.name)) throw cause;
      throw new BadConfig(`the secret ${name} of COS_SECRET_NAME cannot be read: ${cause.name}`, { cause });
    });
  const read = secret.safeParse(parsed(SecretString));
  if (read.success) return read.data;
  throw new BadConfig(`the secret ${name} must be JSON: {"secretId": "…", "secretKey": "…"}`);
}

const NOT_READABLE = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidRequestException', // it is marked for deletion
]);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema then says what is wrong, without showing the secret
  }
}
