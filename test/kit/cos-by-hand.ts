import { createHash, createHmac, randomInt } from 'node:crypto';

export const APP = '1250000000';
export const BUCKET = 'relay';
export const KEYS = { secretId: 'AKIDlocal', secretKey: 'local-secret-key' };
export const MIB = 1024 * 1024;

type Reply = {
  readonly http: number;
  readonly headers: Headers;
  readonly code: number;
  readonly message: string;
  readonly request_id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any;
};

export type Field = readonly [name: string, value: string | number | Uint8Array];

/**
 * The COS protocol spoken by hand to an endpoint at `origin`: no form library, no client of ours. What is tested is what
 * an unknown client would meet.
 */
export function cosByHand(origin: string) {
  const addressOf = (path: string): string => `${origin}/files/v2/${APP}/${BUCKET}/${path}`;

  async function send(path: string, request: RequestInit): Promise<Reply> {
    const response = await fetch(addressOf(path), request);
    return { http: response.status, headers: response.headers, ...JSON.parse(await response.text()) };
  }

  function form(
    path: string,
    fields: readonly Field[],
    { authorization = sign(), fileNames = false, signal }: FormOptions = {},
  ): Promise<Reply> {
    const boundary = 'd3a8159d13a4446d91ecd2bb1cdfb4f5';
    return send(path, {
      method: 'POST',
      body: new Uint8Array(multipart(fields, boundary, fileNames)),
      headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}` },
      ...(signal && { signal }),
    });
  }

  const json = (path: string, body: object, authorization: string): Promise<Reply> =>
    send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization, 'content-type': 'application/json' },
    });

  const init = (path: string, filesize: number, more: readonly Field[] = []) =>
    form(path, [['op', 'upload_slice_init'], ['filesize', filesize], ['slice_size', MIB], ...more]);

  /** Inits an upload that must be new; resolves with its session. */
  const open = async (path: string, filesize: number, more: readonly Field[] = []): Promise<string> =>
    (await init(path, filesize, more)).data.session;

  const put = (
    path: string,
    session: string,
    offset: number,
    bytes: Uint8Array,
    more: readonly Field[] = [],
  ) =>
    form(path, [
      ['op', 'upload_slice_data'],
      ['session', session],
      ['offset', offset],
      ...more,
      ['filecontent', bytes],
    ]);

  /** Opens an upload and sends all slices of `bytes` but those at the offsets left out. */
  async function sendSlices(
    path: string,
    bytes: Uint8Array,
    leaveOut: readonly number[] = [],
  ): Promise<string> {
    const session = await open(path, bytes.length);
    for (let offset = 0; offset < bytes.length; offset += MIB) {
      if (!leaveOut.includes(offset)) await put(path, session, offset, bytes.subarray(offset, offset + MIB));
    }
    return session;
  }

  return {
    origin,
    addressOf,
    send,
    form,
    json,
    init,
    open,
    put,
    sendSlices,
    list: (path: string) => form(path, [['op', 'upload_slice_list']]),
    finish: (path: string, session: string, filesize: number, more: readonly Field[] = []) =>
      form(path, [['op', 'upload_slice_finish'], ['session', session], ['filesize', filesize], ...more]),
    upload: (path: string, bytes: Uint8Array, more: readonly Field[] = []) =>
      form(path, [['op', 'upload'], ...more, ['filecontent', bytes]]),
    stat: (path: string, authorization = sign()) => send(`${path}?op=stat`, { headers: { authorization } }),
    mkdir: (path: string) => json(path, { op: 'create' }, sign()),
    remove: (path: string) => json(path, { op: 'delete' }, signOnce(path)),
    read: async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(addressOf(path))).arrayBuffer()),
  };
}

type FormOptions = {
  readonly authorization?: string;
  readonly fileNames?: boolean;
  readonly signal?: AbortSignal;
};

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
