import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { CosClient } from '../../shared/cos/client.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { openTransport } from '../../shared/cos/transport.ts';
import { VERSION } from '../../shared/version.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

const never = new AbortController().signal;
const TARGET = { region: 'gz', appId: '1250000000', bucket: 'relay', path: 'dir/报告 (1).pdf' };
const PATH = '/files/v2/1250000000/relay/dir/%E6%8A%A5%E5%91%8A%20%281%29.pdf';
const NOW = 1_763_000_000;
const SHA = 'a9993e364706816aba3e25717850c26c9cd0d89d';

/** What our client writes to its socket for one operation, to the byte; the other side answers 0 to all. */
async function bytesOnTheWire(act: (client: CosClient) => Promise<unknown>): Promise<Buffer> {
  const got: Buffer[] = [];
  const reply =
    '{"code":0,"message":"SUCCESS","request_id":"r","data":{"session":"S","slice_size":1048576,"filesize":3,"access_url":"u"}}';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      got.push(bytes);
      const text = Buffer.concat(got).toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
      if (head >= 0 && text.length === head + 4 + length)
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${reply.length}\r\n\r\n${reply}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const transport = openTransport({ origin, connections: 1, requestTimeoutMs: 60_000 });
  onTestFinished(async () => {
    await transport.close();
    server.close();
  });
  const keys = { get: async () => ({ secretId: 'AKIDz', secretKey: 'key' }), refresh: async () => false };
  await act(openHttpClient({ transport, keys, clock: () => NOW * 1000, random: () => 0.5 }));
  return Buffer.concat(got);
}

const onTheWire = async (act: Sent): Promise<string> =>
  (await bytesOnTheWire(act)).toString('latin1').replace(/(?<=host: )127\.0\.0\.1:\d+/, 'HOST');

/** The signature's readable part, which is no secret; its digest has vectors of its own (`vectors/signature.json`). */
function split(request: string) {
  const authorization = /authorization: (\S+)\r\n/.exec(request)?.[1] ?? '';
  const boundary = /boundary=(\S+)\r\n/.exec(request)?.[1];
  const signed = Buffer.from(authorization, 'base64').subarray(20).toString('latin1');
  const bare = request.replace(authorization, 'SIGNATURE');
  return { signed, text: boundary === undefined ? bare : bare.replaceAll(boundary, 'BOUNDARY') };
}

const signedText = (expires: number, f: string) =>
  `a=1250000000&b=relay&k=AKIDz&e=${expires}&t=${NOW}&r=2147483647&f=${f}`;
const head = (first: string, more: readonly string[]) =>
  [
    first,
    'host: HOST',
    'connection: keep-alive',
    'authorization: SIGNATURE',
    `user-agent: cos-slice-relay/${VERSION}`,
    ...more,
    '',
    '',
  ].join('\r\n');
/** A form of fields, and the content as the last part, as page 436/6068 shows one. */
function form(fields: readonly (readonly [name: string, value: string])[], content?: string): string {
  const parts = fields.map(
    ([name, value]) => `--BOUNDARY\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const last =
    content === undefined
      ? ''
      : `--BOUNDARY\r\nContent-Disposition: form-data; name="filecontent"; filename="filecontent"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`;
  return `${parts.join('')}${last}--BOUNDARY--\r\n`;
}

type Sent = (client: CosClient) => Promise<unknown>;
type Fields = readonly (readonly [string, string])[];

const forms: readonly (readonly [name: string, sent: Sent, fields: Fields, content: string | undefined])[] = [
  [
    'upload_slice_init, plain',
    (cos) => cos.open(TARGET, { size: 3, sliceSize: 1_048_576, insertOnly: true }, never),
    [
      ['op', 'upload_slice_init'],
      ['filesize', '3'],
      ['slice_size', '1048576'],
      ['insertOnly', '1'],
    ],
    undefined,
  ],
  [
    'upload_slice_init, with sha and uploadparts',
    (cos) =>
      cos.open(
        TARGET,
        { size: 3, sliceSize: 524_288, insertOnly: false, whole: { sha1: SHA, uploadParts: '[]' } },
        never,
      ),
    [
      ['op', 'upload_slice_init'],
      ['filesize', '3'],
      ['slice_size', '524288'],
      ['insertOnly', '0'],
      ['sha', SHA],
      ['uploadparts', '[]'],
    ],
    undefined,
  ],
  ['upload_slice_list', (cos) => cos.list(TARGET, never), [['op', 'upload_slice_list']], undefined],
  [
    'upload_slice_data',
    (cos) =>
      cos.put(TARGET, { session: 'S', offset: 1_048_576, content: Buffer.from('abc'), sha1: SHA }, never),
    [
      ['op', 'upload_slice_data'],
      ['session', 'S'],
      ['offset', '1048576'],
      ['sha', SHA],
    ],
    'abc',
  ],
  [
    'upload_slice_finish',
    (cos) => cos.finish(TARGET, { session: 'S', size: 3, sha1: SHA }, never),
    [
      ['op', 'upload_slice_finish'],
      ['session', 'S'],
      ['filesize', '3'],
      ['sha', SHA],
    ],
    undefined,
  ],
  [
    'upload',
    (cos) => cos.upload(TARGET, { content: Buffer.from('abc'), insertOnly: true, sha1: SHA }, never),
    [
      ['op', 'upload'],
      ['sha', SHA],
      ['insertOnly', '1'],
    ],
    'abc',
  ],
];

test.each(forms)('our own form of %s, byte for byte', async (_, sent, fields, content) => {
  const { signed, text } = split(await onTheWire(sent));

  const body = form(fields, content);
  const length = body.length + (body.split('BOUNDARY').length - 1) * (boundaryLength - 'BOUNDARY'.length);
  const type = ['content-type: multipart/form-data; boundary=BOUNDARY', `content-length: ${length}`];
  expect(text).toBe(`${head(`POST ${PATH} HTTP/1.1`, type)}${body}`);
  expect(signed).toBe(signedText(NOW + 900, PATH.slice('/files/v2'.length)));
});

/** Its name and 32 hexadecimal digits. */
const boundaryLength = 'cos-slice-relay-'.length + 32;

test('our own form of stat, byte for byte', async () => {
  const { signed, text } = split(await onTheWire((cos) => cos.stat(TARGET, never)));

  expect(text).toBe(head(`GET ${PATH}?op=stat HTTP/1.1`, []));
  expect(signed).toBe(signedText(NOW + 900, PATH.slice('/files/v2'.length)));
});

const directory = { ...TARGET, path: 'dir/' };
const jsons: readonly (readonly [name: string, sent: Sent, path: string, body: string, expires: number])[] = [
  ['delete', (cos) => cos.remove(TARGET, never), PATH, '{"op":"delete"}', 0],
  [
    'update',
    (cos) => cos.update(TARGET, { 'Content-Type': 'text/plain', 'x-cos-meta-a': 'b' }, never),
    PATH,
    '{"op":"update","custom_headers":{"Content-Type":"text/plain","x-cos-meta-a":"b"}}',
    0,
  ],
  [
    'create',
    (cos) => cos.createDirectory(directory, never),
    '/files/v2/1250000000/relay/dir/',
    '{"op":"create","biz_attr":""}',
    NOW + 900,
  ],
];

test.each(jsons)('our own form of %s, byte for byte', async (_, sent, path, body, expires) => {
  const { signed, text } = split(await onTheWire(sent));

  const type = ['content-type: application/json', `content-length: ${body.length}`];
  expect(text).toBe(`${head(`POST ${path} HTTP/1.1`, type)}${body}`);
  expect(signed).toBe(signedText(expires, path.slice('/files/v2'.length)));
});

test('the endpoint reads each of our own forms, written to it byte for byte', async () => {
  const bed = await cosEndpointBed({
    now: () => NOW * 1000,
    credentials: [{ secretId: 'AKIDz', secretKey: 'key' }],
    strictFolders: true,
  });
  const replay = async (sent: Sent) => {
    const socket = connect(bed.endpoint.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(await bytesOnTheWire(sent));
    let answer = '';
    for await (const bytes of socket) {
      answer += bytes;
      const body = answer.split('\r\n\r\n')[1] ?? '';
      if (body.endsWith('}')) return JSON.parse(body);
    }
  };
  const whole = {
    sha1: SHA,
    uploadParts: JSON.stringify([{ offset: 0, datalen: 3, datasha: SHA }]),
  };
  const content = Buffer.from('abc');
  const open = (more: object) =>
    replay((cos) => cos.open(TARGET, { size: 3, sliceSize: 1_048_576, insertOnly: true, ...more }, never));

  const answers = [await replay((cos) => cos.createDirectory(directory, never)), await open({ whole })];
  const { session } = answers[1].data;
  answers.push(
    await replay((cos) => cos.put(TARGET, { session, offset: 0, content, sha1: SHA }, never)),
    await replay((cos) => cos.list(TARGET, never)),
    await replay((cos) => cos.finish(TARGET, { session, size: 3, sha1: SHA }, never)),
    await replay((cos) => cos.stat(TARGET, never)),
    await replay((cos) => cos.update(TARGET, { 'x-cos-meta-a': 'b' }, never)),
    await replay((cos) => cos.remove(TARGET, never)),
    await open({}),
    await replay((cos) => cos.upload(TARGET, { content, insertOnly: true, sha1: SHA }, never)),
  );

  expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 0));
  expect(answers[3].data.listparts).toEqual([{ offset: 0, datalen: 3 }]);
  expect((await bed.endpoint.file(TARGET.bucket, TARGET.path))?.size).toBe(3);
});
