import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import chains from '../vectors/sha1-chain.json' with { type: 'json' };
import signatures from '../vectors/signature.json' with { type: 'json' };
import {
  APP,
  addressOf,
  BUCKET,
  dataDir,
  endpoint,
  type Field,
  finish,
  form,
  init,
  json,
  KEYS,
  list,
  MIB,
  md5,
  mkdir,
  multipart,
  put,
  read,
  remove,
  sampleBytes,
  send,
  sendSlices,
  sha1,
  sign,
  signOnce,
  signText,
  stat,
  upload,
} from './cos-endpoint-client.ts';

const codeOf = async (reply: Promise<{ code: number }>): Promise<number> => (await reply).code;
const codeIn = async (response: Promise<Response>): Promise<unknown> =>
  Object(await (await response).json()).code;
const HERE = join(import.meta.dirname, '../../local/cos');
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node'); // runs .ts whatever runs this test

describe('signature', () => {
  const [unbound, once, otherOrder] = signatures.cases.map((one) => one.authorization);
  const published = () =>
    endpoint({
      appId: '200001',
      buckets: ['newbucket'],
      credentials: [{ secretId: 'AKIDUfLUEUigQiXqm7CVSspKJnuaiIKtxqAv', secretKey: signatures.secret_key }],
      now: () => 1437995650_000,
    });
  const ask = async (origin: string, path: string, authorization = '') => {
    const url = `${origin}/files/v2/200001/newbucket/${path}`;
    return codeIn(fetch(`${url}?op=stat`, { headers: { authorization } }));
  };

  test('the published vectors are accepted, in any order of fields', async () => {
    const { origin } = await published();

    expect(await ask(origin, 'any.jpg', unbound)).toBe(-197);
    expect(await ask(origin, 'tencent_test.jpg', otherOrder)).toBe(-197);
    expect(await ask(origin, 'any.jpg', otherOrder)).toBe(-63);
    const deleted = await fetch(`${origin}/files/v2/200001/newbucket/tencent_test.jpg`, {
      method: 'POST',
      headers: { authorization: once ?? '', 'content-type': 'application/json' },
      body: '{"op":"delete"}',
    });
    expect(await deleted.json()).toMatchObject({ code: -197 });
  });

  test('each mistake has its own code under 403', async () => {
    const cos = await endpoint();
    const now = Math.floor(Date.now() / 1000);
    const mistakes: [number, string][] = [
      [-47, sign({ k: 'AKIDstranger' })],
      [-48, signText(`a=${APP}&b=${BUCKET}&k=${KEYS.secretId}&e=${now + 60}&t=${now}&r=1&f=`, 'another key')],
      [-59, sign({ e: now - 1 })],
      [-59, sign({ t: now + 16 * 60, e: now + 3600 })],
      [-61, sign({ b: 'other' })],
      [-63, sign({ f: `/${APP}/${BUCKET}/other.bin` })],
      [-70, sign({ a: '1259999999' })],
      [-97, 'not base64 at all'],
      [-97, Buffer.from('short').toString('base64')],
      [-97, sign({ r: '12345678901' })],
      [-97, sign({ e: now + 100 * 24 * 3600 })],
      [-97, signOnce('a.bin')],
    ];

    for (const [code, authorization] of mistakes) {
      expect(await stat(cos, 'a.bin', authorization)).toMatchObject({ code, http: 403 });
    }
    expect(await send(cos, 'a.bin?op=stat', {})).toMatchObject({ code: -97, http: 403 });
    expect(await json(cos, 'a.bin', { op: 'delete' }, sign())).toMatchObject({ code: -97, http: 403 });
    expect(await json(cos, 'a.bin', { op: 'delete' }, sign({ e: 0 }))).toMatchObject({ code: -97 });
  });

  test('a path is compared by what it means, however it is escaped', async () => {
    const cos = await endpoint();
    const path = "Größe (1)~!*'.bin";
    const strict = encodeURIComponent(path).replace(/[!*'()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    await upload(cos, strict, sampleBytes(10));

    for (const f of [strict, encodeURIComponent(path), path]) {
      const authorization = sign({ f: `/${APP}/${BUCKET}/${f}` });
      expect(await stat(cos, encodeURIComponent(path), authorization)).toMatchObject({ code: 0 });
    }
    expect(await cos.file(BUCKET, path)).toMatchObject({ size: 10 });
    expect((await read(cos, strict)).length).toBe(10);
  });

  test('the endpoint lives by its own clock and shows it in Date', async () => {
    const cos = await endpoint({ now: () => Date.now() - 3600_000 });
    const now = Math.floor(Date.now() / 1000);

    const refused = await stat(cos, 'a.bin');
    const behind = Date.now() - Date.parse(refused.headers.get('date') ?? '');

    expect(refused.code).toBe(-59);
    expect(behind).toBeGreaterThan(3590_000);
    expect(await stat(cos, 'a.bin', sign({ t: now - 3600, e: now - 3000 }))).toMatchObject({ code: -197 });
  });

  test('a signature may stand in the query as sign', async () => {
    const cos = await endpoint();

    expect(await send(cos, `a.bin?op=stat&sign=${encodeURIComponent(sign())}`, {})).toMatchObject({
      code: -197,
    });
  });
});

describe('a sliced upload', () => {
  test.each(chains)('with sha and uploadparts: $name', async (vector) => {
    const cos = await endpoint();
    const bytes = sampleBytes(vector.length);
    const sha: Field = ['sha', vector.sha1];

    const opened = await form(cos, 'a.bin', [
      ['op', 'upload_slice_init'],
      ['filesize', vector.length],
      ['slice_size', vector.slice_size],
      sha,
      ['uploadparts', JSON.stringify(vector.uploadparts)],
    ]);
    const { session } = opened.data;
    for (const { offset, datalen } of vector.uploadparts) {
      const slice = bytes.subarray(offset, offset + datalen);
      const stored = await put(cos, 'a.bin', session, offset, slice, [sha]);
      expect(stored.data).toEqual({ session, offset, datalen, datamd5: md5(slice) });
    }
    const closed = await finish(cos, 'a.bin', session, vector.length, [sha]);

    expect(closed).toMatchObject({ code: 0, http: 200, data: { resource_path: `/${APP}/${BUCKET}/a.bin` } });
    expect(Buffer.from(await (await fetch(closed.data.access_url)).arrayBuffer()).equals(bytes)).toBe(true);
    expect((await stat(cos, 'a.bin')).data).toMatchObject({
      filesize: vector.length,
      filelen: vector.length,
      sha: vector.sha1,
    });
  });

  test('every reply names its request, in the body and in the header', async () => {
    const cos = await endpoint();

    const replies = [await init(cos, 'a.bin', 5), await list(cos, 'nothing'), await stat(cos, 'a.bin')];

    for (const reply of replies) expect(reply.headers.get('x-cos-request-id')).toBe(reply.request_id);
    expect(new Set(replies.map((reply) => reply.request_id)).size).toBe(3);
    expect(cos.log.map((record) => record.requestId)).toEqual(replies.map((reply) => reply.request_id));
  });

  test('slices may come in any order, twice, and all at once', async () => {
    const cos = await endpoint();
    const bytes = sampleBytes(5 * MIB + 17);
    const { session } = (await init(cos, 'a.bin', bytes.length)).data;
    const offsets = [4, 0, 5, 2, 1, 3, 2, 5].map((slice) => slice * MIB);

    await Promise.all(offsets.map((at) => put(cos, 'a.bin', session, at, bytes.subarray(at, at + MIB))));

    expect((await list(cos, 'a.bin')).data.listparts).toEqual(
      [0, 1, 2, 3, 4, 5].map((slice) => ({ offset: slice * MIB, datalen: slice === 5 ? 17 : MIB })),
    );
    expect(await finish(cos, 'a.bin', session, bytes.length)).toMatchObject({ code: 0 });
    expect((await read(cos, 'a.bin')).equals(bytes)).toBe(true);
    expect((await stat(cos, 'a.bin')).data.sha).toBeUndefined();
    expect(await codeOf(finish(cos, 'a.bin', session, bytes.length))).toBe(-5999);
  });

  test('finish is refused for a gap or another length, and the upload lives on', async () => {
    const cos = await endpoint();
    const bytes = sampleBytes(2 * MIB + 5);
    const session = await sendSlices(cos, 'a.bin', bytes, [MIB]);

    expect(await finish(cos, 'a.bin', session, bytes.length)).toMatchObject({ code: -175, http: 400 });
    await put(cos, 'a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB));
    expect(await codeOf(finish(cos, 'a.bin', session, bytes.length - 1))).toBe(-175);
    expect(await codeOf(finish(cos, 'a.bin', session, bytes.length))).toBe(0);
  });

  test('a slice of another place, length or session is refused', async () => {
    const cos = await endpoint({ unknownSessionCode: -4099 });
    const session = await sendSlices(cos, 'a.bin', sampleBytes(MIB + 5), [0, MIB]);
    const slice = sampleBytes(MIB);

    expect(await put(cos, 'a.bin', session, 7, slice)).toMatchObject({ code: -5999, http: 400 });
    expect(await codeOf(put(cos, 'a.bin', session, 2 * MIB, slice))).toBe(-5999);
    expect(await codeOf(put(cos, 'a.bin', session, 0, slice.subarray(1)))).toBe(-5999);
    expect(await codeOf(put(cos, 'a.bin', session, MIB, slice))).toBe(-5999);
    expect(await codeOf(put(cos, 'a.bin', session, 0, slice, [['datamd5', md5(slice.subarray(1))]]))).toBe(
      -5999,
    );
    expect(await codeOf(put(cos, 'a.bin', 'unheard-of', 0, slice))).toBe(-4099);
    expect(await codeOf(put(cos, 'b.bin', session, 0, slice))).toBe(-4099);
    expect((await cos.unfinished(BUCKET, 'a.bin'))?.held).toEqual([]);
    expect(await codeOf(put(cos, 'a.bin', session, 0, slice, [['datamd5', md5(slice)]]))).toBe(0);
  });
});

describe('sha', () => {
  const [, vector] = chains;
  const bytes = sampleBytes(2_500_000);
  const sha: Field = ['sha', vector?.sha1 ?? ''];
  const parts = vector?.uploadparts ?? [];
  const promised: Field[] = [sha, ['uploadparts', JSON.stringify(parts)]];

  test('uploadparts must be an array that covers the file and ends in sha', async () => {
    const cos = await endpoint();
    const wrong: Field[][] = [
      [sha],
      [['uploadparts', JSON.stringify(parts)]],
      [sha, ['uploadparts', 'not json']],
      [sha, ['uploadparts', '{}']],
      [sha, ['uploadparts', JSON.stringify(parts.slice(0, 2))]],
      [sha, ['uploadparts', JSON.stringify(parts.slice(1))]],
      [sha, ['uploadparts', JSON.stringify(parts.map((part) => ({ ...part, datalen: part.datalen + 1 })))]],
      [
        ['sha', sha1(Buffer.from('else'))],
        ['uploadparts', JSON.stringify(parts)],
      ],
    ];

    for (const more of wrong) {
      expect(await init(cos, 'a.bin', bytes.length, more)).toMatchObject({ code: -5965, http: 400 });
    }
  });

  test('once given at init it must come with every slice and with finish', async () => {
    const cos = await endpoint({ shaSuffix: '_1' });
    const { session } = (await init(cos, 'a.bin', bytes.length, promised)).data;

    expect(await put(cos, 'a.bin', session, 0, bytes.subarray(0, MIB))).toMatchObject({
      code: -29094,
      http: 400,
    });
    expect(await codeOf(finish(cos, 'a.bin', session, bytes.length))).toBe(-29094);
    expect((await list(cos, 'a.bin')).data.sha).toBe(`${sha[1]}_1`);
  });

  test('other bytes than promised are found at finish, and the slices stay', async () => {
    const cos = await endpoint();
    const { session } = (await init(cos, 'a.bin', bytes.length, promised)).data;
    const other = Buffer.from(bytes);
    other[MIB + 1] = 0xff;
    for (const { offset, datalen } of parts) {
      await put(cos, 'a.bin', session, offset, other.subarray(offset, offset + datalen), [sha]);
    }

    expect(await finish(cos, 'a.bin', session, bytes.length, [sha])).toMatchObject({
      code: -4016,
      http: 409,
    });
    expect((await list(cos, 'a.bin')).data.listparts).toHaveLength(3);
    await put(cos, 'a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB), [sha]);
    expect(await codeOf(finish(cos, 'a.bin', session, bytes.length, [sha]))).toBe(0);
  });

  test('content that is there already is uploaded in an instant, and outlives the first', async () => {
    const cos = await endpoint();
    await upload(cos, 'first.bin', bytes);

    const again = await init(cos, 'second.bin', bytes.length, promised);
    await remove(cos, 'first.bin');

    expect(again.data).toEqual({
      access_url: addressOf(cos, 'second.bin'),
      source_url: addressOf(cos, 'second.bin'),
      url: addressOf(cos, 'second.bin'),
      resource_path: `/${APP}/${BUCKET}/second.bin`,
    });
    expect((await read(cos, 'second.bin')).equals(bytes)).toBe(true);
  });

  test('an unfinished upload of the path is named -4019, with another sha -4020', async () => {
    const cos = await endpoint();
    await init(cos, 'a.bin', bytes.length, promised);
    const other = parts.map((part, i) => (i === 2 ? { ...part, datasha: sha1(Buffer.from('else')) } : part));

    expect(await init(cos, 'a.bin', bytes.length, promised)).toMatchObject({ code: -4019, http: 409 });
    expect(await codeOf(init(cos, 'a.bin', bytes.length))).toBe(-4019);
    expect(
      await init(cos, 'a.bin', bytes.length, [
        ['sha', sha1(Buffer.from('else'))],
        ['uploadparts', JSON.stringify(other)],
      ]),
    ).toMatchObject({ code: -4020, http: 409 });
  });
});

describe('what a client may write differently', () => {
  const bytes = sampleBytes(MIB);

  test('fields with filename, in the order of the Python SDK, and the Java name fileContent', async () => {
    const cos = await endpoint();
    const { session } = (await init(cos, 'a.bin', MIB)).data;
    const python: Field[] = [
      ['offset', 0],
      ['session', session],
      ['filecontent', bytes],
      ['op', 'upload_slice_data'],
    ];
    const java: Field[] = python.map(([name, value]) => [
      name === 'filecontent' ? 'fileContent' : name,
      value,
    ]);

    for (const fields of [python, java, [...python].reverse()]) {
      for (const fileNames of [true, false]) {
        const stored = await form(cos, 'a.bin', fields, { fileNames });
        expect(stored).toMatchObject({ code: 0, data: { datamd5: md5(bytes), datalen: MIB } });
      }
    }
  });

  test("the seed's list request, byte for byte: 152 bytes without a last line end", async () => {
    const cos = await endpoint();
    const { session } = (await init(cos, 'a.bin', MIB)).data;
    const boundary = '----------------------------2b804029035c';
    const body = [
      `--${boundary}`,
      'Content-Disposition: form-data; name="op"',
      '',
      'upload_slice_list',
      `--${boundary}--`,
    ].join('\r\n');

    const listed = await send(cos, 'a.bin', {
      method: 'POST',
      headers: { authorization: sign(), 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
    });

    expect(body.length).toBe(152);
    expect(listed.data).toEqual({ filesize: MIB, listparts: [], session, slice_size: MIB });
  });

  test('the list request as JSON, as the Java SDK sends it', async () => {
    const cos = await endpoint();
    await init(cos, 'a.bin', MIB);

    expect(await json(cos, 'a.bin', { op: 'upload_slice_list' }, sign())).toMatchObject({
      data: { listparts: [], slice_size: MIB },
    });
  });

  test('content that looks like a boundary, cut into packets at any byte', async () => {
    const cos = await endpoint();
    const boundary = 'b0und';
    const tricky = Buffer.from(`\r\n--b0un\r\r\n--b0unx\r\n\r\n--b0u\r\n--\r\r\n`);
    const body = multipart(
      [
        ['filecontent', tricky],
        ['op', 'upload'],
      ],
      boundary,
    );
    const head =
      `POST /files/v2/${APP}/${BUCKET}/a.bin HTTP/1.1\r\nHost: cos\r\nConnection: close\r\n` +
      `Authorization: ${sign()}\r\nContent-Type: multipart/form-data; boundary="${boundary}"\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n';

    const socket = connect(cos.port, '127.0.0.1');
    const answered = socket.toArray().then((chunks) => Buffer.concat(chunks).toString());
    socket.write(head);
    for (const byte of body)
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]));
    socket.write('0\r\n\r\n');

    expect(await answered).toContain('"code":0');
    expect((await read(cos, 'a.bin')).equals(tricky)).toBe(true);
  });

  test('a request that says nothing sensible is -5999, never a crash', async () => {
    const cos = await endpoint();
    const post = (body: string, type: string) =>
      codeOf(
        send(cos, 'a.bin', {
          method: 'POST',
          body,
          headers: { authorization: sign(), 'content-type': type },
        }),
      );

    expect(await post('', 'application/json')).toBe(-5999);
    expect(await post('[1]', 'application/json')).toBe(-5999);
    expect(await post('{"op":"toString"}', 'application/json')).toBe(-5999);
    expect(await post('--b\r\n', 'multipart/form-data')).toBe(-5999);
    expect(await post('--b\r\n\r\n\r\nx\r\n--b--', 'multipart/form-data; boundary=b')).toBe(-5999);
    expect(
      await post(
        multipart([['op', 'upload_slice_list']], 'b')
          .toString()
          .slice(0, -8),
        'multipart/form-data; boundary=b',
      ),
    ).toBe(-5999);
    expect(await codeOf(init(cos, 'a.bin', 0))).toBe(-5999);
    expect(
      await codeOf(
        form(cos, 'a.bin', [
          ['op', 'upload_slice_init'],
          ['filesize', 'many'],
          ['slice_size', MIB],
        ]),
      ),
    ).toBe(-5999);
    expect(
      await codeOf(
        form(cos, 'a.bin', [
          ['op', 'upload_slice_data'],
          ['session', 'x'],
          ['offset', 0],
        ]),
      ),
    ).toBe(-5999);
    expect(await codeIn(fetch(`${cos.origin}/elsewhere`))).toBe(-5999);
    expect(await codeIn(fetch(addressOf(cos, '%E0%A4%A')))).toBe(-5999);
  });
});

describe('what a server may answer differently', () => {
  test.each([
    ['array', [], [{ offset: 0, datalen: MIB }]],
    ['string', '[]', `[{"offset":0,"datalen":${MIB}}]`],
    ['null-when-empty', null, [{ offset: 0, datalen: MIB }]],
    ['absent-when-empty', undefined, [{ offset: 0, datalen: MIB }]],
  ] as const)('listparts as %s', async (listForm, empty, one) => {
    const cos = await endpoint({ listForm });
    const session = await sendSlices(cos, 'a.bin', sampleBytes(MIB), [0]);

    const before = (await list(cos, 'a.bin')).data.listparts;
    await put(cos, 'a.bin', session, 0, sampleBytes(MIB));

    expect(before).toEqual(empty);
    expect((await list(cos, 'a.bin')).data.listparts).toEqual(one);
  });

  test('numbers as decimal strings', async () => {
    const cos = await endpoint({ numbersAsStrings: true });
    const session = await sendSlices(cos, 'a.bin', sampleBytes(MIB));
    const stored = await put(cos, 'a.bin', session, 0, sampleBytes(MIB));

    expect(stored.data).toMatchObject({ offset: '0', datalen: String(MIB) });
    expect((await list(cos, 'a.bin')).data.listparts).toEqual([{ offset: '0', datalen: String(MIB) }]);
  });

  test('another slice size than asked for, and slice sizes it does not take', async () => {
    const cos = await endpoint({ grantSliceSize: 524288, sliceSizes: [MIB] });
    const asking = (size: number): Field[] => [
      ['op', 'upload_slice_init'],
      ['filesize', MIB],
      ['slice_size', size],
    ];

    expect(await form(cos, 'a.bin', asking(524288))).toMatchObject({ code: -284, http: 400 });
    const { session, slice_size } = (await form(cos, 'a.bin', asking(MIB))).data;
    expect(slice_size).toBe(524288);
    expect(await codeOf(put(cos, 'a.bin', session, 524288, sampleBytes(524288)))).toBe(0);
    expect((await list(cos, 'a.bin')).data.slice_size).toBe(524288);
  });

  test('one slice at a time, in order', async () => {
    const cos = await endpoint({ serialUpload: true });
    const opened = await init(cos, 'a.bin', 3 * MIB);
    const at = (offset: number) => codeOf(put(cos, 'a.bin', opened.data.session, offset, sampleBytes(MIB)));

    expect(opened.data.serial_upload).toBe(1);
    expect(await at(MIB)).toBe(-5999);
    expect([await at(0), await at(0), await at(MIB), await at(2 * MIB)]).toEqual([0, 0, 0, 0]);
  });

  test('it closes the file by itself', async () => {
    const cos = await endpoint({ closesItself: true });
    const bytes = sampleBytes(MIB + 1);
    const { session } = (await init(cos, 'a.bin', bytes.length)).data;

    const first = await put(cos, 'a.bin', session, MIB, bytes.subarray(MIB));
    const last = await put(cos, 'a.bin', session, 0, bytes.subarray(0, MIB));
    const closed = await finish(cos, 'a.bin', session, bytes.length);

    expect(first.data.access_url).toBeUndefined();
    expect(last.data).toMatchObject({
      access_url: addressOf(cos, 'a.bin'),
      datamd5: md5(bytes.subarray(0, MIB)),
    });
    expect(closed).toMatchObject({ code: 0, data: { access_url: last.data.access_url } });
    expect((await list(cos, 'a.bin')).data.access_url).toBe(last.data.access_url);
  });
});

describe('files and directories', () => {
  test('an upload needs its directory, and a chain is made from the top', async () => {
    const cos = await endpoint();

    expect(await init(cos, 'a/b/c.bin', 5)).toMatchObject({ code: -197, http: 404 });
    expect(await codeOf(upload(cos, 'a/b/c.bin', sampleBytes(5)))).toBe(-197);
    expect(await codeOf(mkdir(cos, 'a/b/'))).toBe(-197);
    expect(await mkdir(cos, 'a/')).toMatchObject({
      code: 0,
      data: { resource_path: `/${APP}/${BUCKET}/a/` },
    });
    expect(await mkdir(cos, 'a/')).toMatchObject({ code: -178, http: 409 });
    expect(await codeOf(mkdir(cos, 'a/b/'))).toBe(0);
    expect(await codeOf(init(cos, 'a/b/c.bin', 5))).toBe(0);
    expect((await stat(cos, 'a/b/')).data.ctime).toBeTypeOf('number');
  });

  test('an existing file is kept, or read as it was until another is finished', async () => {
    const cos = await endpoint();
    const old = sampleBytes(10);
    const fresh = sampleBytes(MIB);
    await upload(cos, 'a.bin', old);

    expect(await init(cos, 'a.bin', MIB)).toMatchObject({ code: -177, http: 409 });
    expect(await codeOf(upload(cos, 'a.bin', fresh))).toBe(-177);
    const { session } = (await init(cos, 'a.bin', MIB, [['insertOnly', 0]])).data;
    await put(cos, 'a.bin', session, 0, fresh);
    expect((await read(cos, 'a.bin')).equals(old)).toBe(true);
    await finish(cos, 'a.bin', session, MIB);
    expect((await read(cos, 'a.bin')).equals(fresh)).toBe(true);
    expect(await codeOf(upload(cos, 'a.bin', old, [['insertOnly', '0']]))).toBe(0);
    expect((await read(cos, 'a.bin')).equals(old)).toBe(true);
  });

  test('a small file goes in one request: empty, checked, at most 20 MB', async () => {
    const cos = await endpoint();

    expect(await codeOf(upload(cos, 'empty', Buffer.alloc(0)))).toBe(0);
    expect((await stat(cos, 'empty')).data).toMatchObject({ filesize: 0, sha: sha1(Buffer.alloc(0)) });
    expect((await read(cos, 'empty')).length).toBe(0);
    expect(await codeOf(upload(cos, 'a', sampleBytes(9), [['sha', sha1(sampleBytes(8))]]))).toBe(-4016);
    expect(await codeOf(upload(cos, 'a', Buffer.alloc(20 * MIB + 1)))).toBe(-5999);
    expect(await codeOf(upload(cos, 'a', Buffer.alloc(20 * MIB)))).toBe(0);
    expect(await codeOf(upload(cos, 'huge', Buffer.alloc(40 * MIB)))).toBe(-5999);
  });

  test('stat tells how far an unfinished upload has come', async () => {
    const cos = await endpoint();
    await sendSlices(cos, 'a.bin', sampleBytes(2 * MIB + 5), [MIB]);

    expect((await stat(cos, 'a.bin')).data).toMatchObject({ filesize: 2 * MIB + 5, filelen: MIB + 5 });
    expect(await stat(cos, 'b.bin')).toMatchObject({ code: -197, http: 404 });
  });

  test('headers set by update come with the download, others are refused', async () => {
    const cos = await endpoint();
    await upload(cos, 'a.txt', Buffer.from('text'));
    const set = (custom_headers: object) =>
      json(cos, 'a.txt', { op: 'update', custom_headers }, signOnce('a.txt'));

    expect(await codeOf(set({ 'content-type': 'text/plain', 'x-cos-meta-etag': 'abc' }))).toBe(0);
    expect(await codeOf(set({ 'Content-Encoding': 'gzip' }))).toBe(-5999);
    expect(await codeOf(set({ 'Cache-Control': 'a\r\nb: c' }))).toBe(-5999);
    const got = await fetch(addressOf(cos, 'a.txt'));
    expect(await got.text()).toBe('text');
    expect(got.headers.get('content-type')).toBe('text/plain');
    expect(got.headers.get('x-cos-meta-etag')).toBe('abc');
    expect((await cos.file(BUCKET, 'a.txt'))?.customHeaders['x-cos-meta-etag']).toBe('abc');
    expect(await codeOf(json(cos, 'b', { op: 'update' }, signOnce('b')))).toBe(-197);
  });

  test('delete takes the file, the unfinished upload, or an empty directory', async () => {
    const cos = await endpoint();
    await mkdir(cos, 'd/');
    await upload(cos, 'd/file', sampleBytes(5));
    await init(cos, 'd/half', 5);

    expect(await codeOf(remove(cos, 'd/'))).toBe(-5999);
    expect(await codeOf(remove(cos, 'd/file'))).toBe(0);
    expect(await codeOf(remove(cos, 'd/half'))).toBe(0);
    expect(await codeOf(remove(cos, 'd/half'))).toBe(-197);
    expect(await codeOf(list(cos, 'd/half'))).toBe(-197);
    expect(await codeOf(remove(cos, 'd/'))).toBe(0);
    expect(await codeOf(stat(cos, 'd/'))).toBe(-197);
  });

  test('a directory is listed page by page', async () => {
    const cos = await endpoint();
    await mkdir(cos, 'd/');
    await mkdir(cos, 'd/sub/');
    for (const name of ['a1', 'a2', 'b']) await upload(cos, `d/${name}`, sampleBytes(5));
    const page = (query: string) => send(cos, `d/?op=list&${query}`, { headers: { authorization: sign() } });
    const names = (reply: { data: { infos: { name: string }[] } }) =>
      reply.data.infos.map((info) => info.name);

    const first = await page('num=2');
    const second = await page(`num=2&context=${first.data.context}`);

    expect([names(first), names(second)]).toEqual([
      ['a1', 'a2'],
      ['b', 'sub/'],
    ]);
    expect([first.data.listover, second.data.listover]).toEqual([false, true]);
    expect(names(await page('prefix=b'))).toEqual(['b']);
  });

  test('a bucket it does not have, and one that cannot be', async () => {
    const cos = await endpoint();
    const ask = async (bucket: string) => {
      const url = `${cos.origin}/files/v2/${APP}/${bucket}/a?op=stat`;
      return (await fetch(url, { headers: { authorization: sign({ b: bucket }) } })).json();
    };

    expect(await ask('other')).toMatchObject({ code: -133 });
    expect(await ask('Not_a_bucket')).toMatchObject({ code: -199 });
  });
});

describe('what lies on disk', () => {
  test('a killed endpoint still holds every slice that it confirmed', async () => {
    const dir = await dataDir();
    const bytes = sampleBytes(3 * MIB);
    const first = await startProcess(['--port', '0', '--data', dir]);
    const { session } = (await init(first.cos, 'a.bin', bytes.length)).data;
    for (const at of [0, 2 * MIB]) await put(first.cos, 'a.bin', session, at, bytes.subarray(at, at + MIB));
    await upload(first.cos, 'small', sampleBytes(5));
    first.child.kill('SIGKILL');
    await first.ended;

    const cos = await endpoint({ dataDir: dir });

    expect((await list(cos, 'a.bin')).data.listparts.map((part: { offset: number }) => part.offset)).toEqual([
      0,
      2 * MIB,
    ]);
    await put(cos, 'a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB));
    await finish(cos, 'a.bin', session, bytes.length);
    expect((await read(cos, 'a.bin')).equals(bytes)).toBe(true);
    expect((await read(cos, 'small')).length).toBe(5);
    expect(await readdir(join(dir, 'data'))).toHaveLength(2);
    expect(await readdir(join(dir, 'journals'))).toEqual([]);
  });

  test('a hundred thousand slices are listed at once', async () => {
    const dir = await dataDir();
    const count = 100_000;
    const before = await endpoint({ dataDir: dir });
    const { session } = (await init(before, 'a.bin', count * MIB)).data;
    await before.close();
    const journal = Buffer.alloc(count * 16);
    for (let i = 0; i < count; i += 1) {
      journal.writeBigUInt64LE(BigInt(count - 1 - i) * BigInt(MIB), i * 16);
      journal.writeBigUInt64LE(BigInt(MIB), i * 16 + 8);
    }
    await writeFile(join(dir, 'journals', session), journal);
    const cos = await endpoint({ dataDir: dir });

    const began = performance.now();
    const listed = await list(cos, 'a.bin');

    expect(performance.now() - began).toBeLessThan(2000); // measured below 100 ms; a busy machine gets time
    expect(listed.data.listparts).toHaveLength(count);
    expect(listed.data.listparts[1]).toEqual({ offset: MIB, datalen: MIB });
  });
});

describe('the command', () => {
  test('says what it takes, and refuses bad input in one line', async () => {
    const help = await run(['--help']);
    const bad = await run(['--port', 'seven']);

    expect(help).toMatchObject({ status: 0 });
    expect(help.stdout).toContain('--secret-key');
    expect(bad).toMatchObject({ status: 2, stderr: 'cos: --port is not a port number; see --help\n' });
  });

  test('ends cleanly on Ctrl-C and shows no key', async () => {
    const running = await startProcess([
      '--port',
      '0',
      '--data',
      await dataDir(),
      '--secret-key',
      'hush-hush',
    ]);

    running.child.kill('SIGINT');

    expect(await running.ended).toBe(0);
    expect(running.said()).not.toContain('hush-hush');
  });
});

test('it shares no code with what it is used to test', async () => {
  const files = (await readdir(HERE)).filter((name) => name.endsWith('.ts'));
  const imports = await Promise.all(
    files.map(async (name) => [...(await readFile(join(HERE, name), 'utf8')).matchAll(/from '([^']+)'/g)]),
  );

  const foreign = imports
    .flat()
    .flatMap(([, from = '']) => (/^(\.\/[\w-]+\.ts|node:.*|zod)$/.test(from) ? [] : [from]));

  expect(foreign).toEqual([]);
});

function startCommand(args: readonly string[]) {
  const child = spawn(NODE, [join(HERE, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

async function run(args: readonly string[]) {
  const command = startCommand(args);
  const status = await command.ended;
  return { status, stdout: command.stdout(), stderr: command.stderr() };
}

/** The endpoint in a process of its own, that can be killed. */
async function startProcess(args: readonly string[]) {
  const { child, ended, stderr } = startCommand(args);
  const dead = ended.then(() => Promise.reject(new Error(`did not start: ${stderr()}`)));
  dead.catch(() => undefined); // it ends in every test: only before its start is that a failure
  while (!stderr().includes('Ctrl-C')) await Promise.race([once(child.stderr, 'data'), dead]);
  const origin = /http:\/\/\S+?(?=,)/.exec(stderr())?.[0] ?? '';
  return { cos: { origin } as Parameters<typeof init>[0], child, ended, said: stderr };
}
