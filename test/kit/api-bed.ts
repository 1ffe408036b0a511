import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import type { CosEndpoint } from '../../local/cos/endpoint.ts';
import { putFile } from '../../local/s3/drop/drop.ts';
import { type ApiOptions, startApi } from '../../local/stack/api/server.ts';
import { SOURCE_BUCKET, type Stack, type StackOptions, startStack } from '../../local/stack/stack.ts';
import type { Log } from '../../shared/observe/observe.ts';
import { type Answered, answerChecker } from './api-document.ts';

export const TOKEN = 'a-token-for-tests';
export const MIB = 1_048_576;

export type Sent = {
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly headers?: Record<string, string>;
};
export type Send = (method: string, path: string, sent?: Sent) => Promise<Answered>;

export type ApiBed = {
  readonly stack: Stack;
  readonly cos: CosEndpoint;
  readonly origin: string;
  /** Every answer is held to the OpenAPI document. */
  readonly call: Send;
  put(key: string, content: Uint8Array): ReturnType<typeof putFile>;
  close(): Promise<void>;
};

/** Faults must show within a test's patience. */
export const QUICK = {
  COS_ATTEMPTS: '3',
  RETRY_BASE_MS: '1',
  COS_TIMEOUT_MS: '30000',
  SOURCE_BUCKET,
  ALLOWED_TARGETS: 'relay/,relay-two/in/',
};

/** Only what no promise covers: an error that is none of ours. */
const unexpectedOnly: Log = {
  info: () => undefined,
  warn: (message, fields) => void (fields?.stack !== undefined && console.error(message, fields)),
};

/** The stack with the API in front of it, over sockets. */
export async function apiBed(
  options: Partial<StackOptions> = {},
  serving: Partial<ApiOptions> = {},
): Promise<ApiBed> {
  const dataDir = await mkdtemp(join(tmpdir(), 'api-'));
  const stack = await startStack({
    dataDir,
    volatileTable: true,
    ...options,
    env: { ...QUICK, ...options.env },
    cos: { buckets: ['relay', 'relay-two'], ...options.cos },
    machine: { pauseMs: 10, ...options.machine },
    wiring: { log: unexpectedOnly, ...options.wiring },
  });
  const api = await startApi({ services: stack.services, token: TOKEN, ...serving });
  return bedOver(stack, api.origin, { authorization: `Bearer ${TOKEN}` }, async () => {
    await api.close();
    await stack.close();
    await rm(dataDir, { recursive: true });
  });
}

export async function bedOver(
  stack: Stack,
  origin: string,
  headers: Record<string, string>,
  close: () => Promise<void>,
): Promise<ApiBed> {
  const { cos } = stack;
  if (!cos) throw new Error('the stack has no COS of its own');
  const pool = new Pool(origin);
  const raw = rawSend(pool, headers);
  const document = await raw('GET', '/openapi.json');
  if (document.status !== 200) throw new Error(`no OpenAPI document: ${JSON.stringify(document)}`);
  const check = answerChecker(document.body);
  return {
    stack,
    cos,
    origin,
    call: async (method, path, sent) => {
      const answer = await raw(method, path, sent);
      check(method, path, answer);
      return answer;
    },
    put: (key, content) => putFile(stack.root, { bucket: SOURCE_BUCKET, key }, content),
    close: async () => {
      await pool.destroy();
      await close();
    },
  };
}

export const rawSend =
  (pool: Pool, fixed: Record<string, string>): Send =>
  async (method, path, { json, bytes, headers } = {}) => {
    const type = json !== undefined ? 'application/json' : bytes ? 'application/octet-stream' : undefined;
    const answer = await pool.request({
      method: method as 'GET', // any token will do: undici sends it as it stands
      path,
      headers: { ...fixed, ...(type && { 'content-type': type }), ...headers },
      body: json !== undefined ? JSON.stringify(json) : (bytes ?? null),
    });
    const text = await answer.body.text();
    const one = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(one),
      body: text === '' ? undefined : JSON.parse(text),
    };
  };

export const typeOf = (kind: string): string => `urn:cos-slice-relay:problem:${kind}`;
