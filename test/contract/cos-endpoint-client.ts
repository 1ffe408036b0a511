import { createHash, createHmac, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CosEndpoint, type CosEndpointOptions, startCosEndpoint } from '../../local/cos/endpoint.ts';

/**
 * The protocol's far side spoken by hand: no form library, no client of ours. What is tested is what an
 * unknown client would meet.
 */
export const APP = '1250000000';
export const BUCKET = 'relay';
export const KEYS = { secretId: 'AKIDlocal', secretKey: 'local-secret-key' };
export const MIB = 1024 * 1024;

export type Reply = {
  readonly http: number;
  readonly headers: Headers;
  readonly code: number;
  readonly message: string;
  readonly request_id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any;
};

export type Field = readonly [name: string, value: string | number | Uint8Array];

export async function dataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cos-endpoint-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function endpoint(options: Partial<CosEndpointOptions> = {}): Promise<CosEndpoint> {
  const dir = options.dataDir ?? (await dataDir());
  const cos = await startCosEndpoint({
    dataDir: dir,
    appId: APP,
    buckets: [BUCKET],
    credentials: [KEYS],
    ...options,
  });
  onTestFinished(() => cos.close());
  return cos;
}

/** A signature with any part of it replaced; `once` binds it to `path` with `e=0`. */
export function sign(parts: Partial<Record<'a' | 'b' | 'k' | 'e' | 't' | 'r' | 'f', string | number>> = {}) {
  const now = Math.floor(Date.now() / 1000);
  const fields = {
    a: APP,
    b: BUCKET,
    k: KEYS.secretId,
    e: now + 600,
    t: now,
    r: randomInt(1e9),
    f: '',
    ...parts,
  };
  const text = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return signText(text, KEYS.secretKey);
}

export const signText = (text: string, key: string): string =>
  Buffer.concat([createHmac('sha1', key).update(text).digest(), Buffer.from(text)]).toString('base64');

export const signOnce = (path: string): string => sign({ e: 0, f: `/${APP}/${BUCKET}/${path}` });

export function multipart(fields: readonly Field[], boundary: string, fileNames = false): Buffer {
  const parts = fields.flatMap(([name, value]) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileNames ? `; filename="${name}"` : ''}\r\n\r\n`,
    ),
    value instanceof Uint8Array ? value : Buffer.from(String(value)),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

export const addressOf = (cos: CosEndpoint, path: string): string =>
  `${cos.origin}/files/v2/${APP}/${BUCKET}/${path}`;

export async function send(cos: CosEndpoint, path: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(addressOf(cos, path), init);
  return { http: response.status, headers: response.headers, ...JSON.parse(await response.text()) };
}

export function form(
  cos: CosEndpoint,
  path: string,
  fields: readonly Field[],
  { authorization = sign(), fileNames = false, signal }: FormOptions = {},
): Promise<Reply> {
  const boundary = 'd3a8159d13a4446d91ecd2bb1cdfb4f5';
  return send(cos, path, {
    method: 'POST',
    body: new Uint8Array(multipart(fields, boundary, fileNames)),
    headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}` },
    ...(signal && { signal }),
  });
}

type FormOptions = {
  readonly authorization?: string;
  readonly fileNames?: boolean;
  readonly signal?: AbortSignal;
};

export const json = (cos: CosEndpoint, path: string, body: object, authorization: string): Promise<Reply> =>
  send(cos, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization, 'content-type': 'application/json' },
  });

export const stat = (cos: CosEndpoint, path: string, authorization = sign()): Promise<Reply> =>
  send(cos, `${path}?op=stat`, { headers: { authorization } });

export const mkdir = (cos: CosEndpoint, path: string) => json(cos, path, { op: 'create' }, sign());

export const remove = (cos: CosEndpoint, path: string) => json(cos, path, { op: 'delete' }, signOnce(path));

export const init = (cos: CosEndpoint, path: string, filesize: number, more: readonly Field[] = []) =>
  form(cos, path, [['op', 'upload_slice_init'], ['filesize', filesize], ['slice_size', MIB], ...more]);

export const list = (cos: CosEndpoint, path: string) => form(cos, path, [['op', 'upload_slice_list']]);

export const put = (
  cos: CosEndpoint,
  path: string,
  session: string,
  offset: number,
  bytes: Uint8Array,
  more: readonly Field[] = [],
) =>
  form(cos, path, [
    ['op', 'upload_slice_data'],
    ['session', session],
    ['offset', offset],
    ...more,
    ['filecontent', bytes],
  ]);

export const finish = (
  cos: CosEndpoint,
  path: string,
  session: string,
  filesize: number,
  more: readonly Field[] = [],
) => form(cos, path, [['op', 'upload_slice_finish'], ['session', session], ['filesize', filesize], ...more]);

export const upload = (cos: CosEndpoint, path: string, bytes: Uint8Array, more: readonly Field[] = []) =>
  form(cos, path, [['op', 'upload'], ...more, ['filecontent', bytes]]);

/** Opens an upload and sends all slices of `bytes` but those at the offsets left out. */
export async function sendSlices(
  cos: CosEndpoint,
  path: string,
  bytes: Uint8Array,
  leaveOut: readonly number[] = [],
): Promise<string> {
  const { session } = (await init(cos, path, bytes.length)).data;
  for (let offset = 0; offset < bytes.length; offset += MIB) {
    if (!leaveOut.includes(offset))
      await put(cos, path, session, offset, bytes.subarray(offset, offset + MIB));
  }
  return session;
}

export async function read(cos: CosEndpoint, path: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(addressOf(cos, path))).arrayBuffer());
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
export const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** The bytes that the published vectors are made of: nothing in them repeats at a slice's length. */
export function sampleBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 7 + 3) % 251;
  return bytes;
}

export const codeOf = async (reply: Promise<Reply>): Promise<number> => (await reply).code;

export const codeIn = async (response: Promise<Response>): Promise<unknown> =>
  Object(await (await response).json()).code;
