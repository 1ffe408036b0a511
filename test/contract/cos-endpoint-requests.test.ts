import { describe, expect, test } from 'vitest';
import {
  APP,
  BUCKET,
  codeOf,
  type Field,
  MIB,
  multipart,
  sampleBytes,
  sha1,
  sign,
  signOnce,
} from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

describe('signatures as SDKs draw them', () => {
  test('a nonce of 1 to 20 digits, and f encoded twice', async () => {
    const cos = await cosEndpointBed();
    const path = 'Größe 1.bin';
    const once = encodeURIComponent(path);
    await cos.upload(once, sampleBytes(3));

    const f = (name: string) => `/${APP}/${BUCKET}/${name}`;
    for (const authorization of [
      sign({ r: 7 }),
      sign({ r: '18446744073709551615', f: f(once) }),
      sign({ f: f(encodeURIComponent(once)) }),
      sign({ f: encodeURIComponent(f(path)) }),
    ])
      expect(await cos.stat(once, authorization)).toMatchObject({ code: 0 });
    expect(await codeOf(cos.stat(once, sign({ f: f(encodeURIComponent('other')) })))).toBe(-63);
  });
});

describe('custom_headers', () => {
  test.each([
    ['an object', { 'Content-Encoding': 'gzip', 'x-cos-meta-name': 'Grüße 你好' }],
    ['JSON text', '{"Content-Encoding":"gzip","x-cos-meta-name":"Grüße 你好"}'],
  ])('as %s, in UTF-8, come back byte by byte', async (_, custom_headers) => {
    const cos = await cosEndpointBed();
    await cos.upload('a', sampleBytes(3));

    const updated = await cos.json('a', { op: 'update', custom_headers }, signOnce('a'));
    const head = await fetch(cos.addressOf('a'), { method: 'HEAD' });

    expect(updated.code).toBe(0);
    expect(head.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(head.headers.get('x-cos-meta-name') ?? '', 'latin1').toString()).toBe('Grüße 你好');
    expect((await cos.stat('a')).data.custom_headers['x-cos-meta-name']).toBe('Grüße 你好');
  });

  test('each name of the pages is given back with the download', async () => {
    const cos = await cosEndpointBed();
    await cos.upload('a', sampleBytes(3));
    const custom_headers = {
      'Content-Type': 'text/x-mine',
      'Cache-Control': 'max-age=7',
      'Content-Disposition': 'attachment; filename="a.txt"',
      'Content-Language': 'zh-CN',
      'Content-Encoding': 'br',
      'x-cos-meta-one': '1',
    };

    await cos.json('a', { op: 'update', custom_headers }, signOnce('a'));

    const { headers } = await fetch(cos.addressOf('a'), { method: 'HEAD' });
    expect(Object.keys(custom_headers).map((name) => headers.get(name))).toEqual(
      Object.values(custom_headers),
    );
  });

  test('as [] there are none, and what is no header at all is refused', async () => {
    const cos = await cosEndpointBed();
    await cos.upload('a', sampleBytes(3));
    const set = (custom_headers: unknown) =>
      codeOf(cos.json('a', { op: 'update', custom_headers }, signOnce('a')));

    expect(await set({ 'Cache-Control': 'no-cache' })).toBe(0);
    expect(await set([])).toBe(0);
    expect(await set('[]')).toBe(0);
    expect((await cos.stat('a')).data.custom_headers).toEqual({});
    expect(await set(['Cache-Control'])).toBe(-5999);
    expect(await set('no json')).toBe(-5999);
  });
});

describe('list', () => {
  const bed = async () => {
    const cos = await cosEndpointBed();
    for (const name of ['ab1', 'ab2', 'b', 'sub/x']) await cos.upload(`d/${name}`, sampleBytes(1));
    const page = async (path: string, query: string) =>
      (await cos.send(`${path}?op=list&${query}`, { headers: { authorization: sign() } })) as {
        code: number;
        data: { infos: { name: string }[]; context: string };
      };
    return {
      page,
      names: async (path: string, query = '') => (await page(path, query)).data.infos.map(({ name }) => name),
    };
  };

  test('a prefix stands in the path, behind its directory', async () => {
    const { names } = await bed();

    expect(await names('d/ab')).toEqual(['ab1', 'ab2']);
    expect(await names('d')).toEqual(['d/']);
    expect(await names('')).toEqual(['d/']);
  });

  test('pattern and order, and pages that run backwards', async () => {
    const { page, names } = await bed();
    const first = await page('d/', 'num=3&order=1');

    expect(await names('d/', 'pattern=eListBoth')).toEqual(['ab1', 'ab2', 'b', 'sub/']);
    expect(await names('d/', 'pattern=eListDirOnly')).toEqual(['sub/']);
    expect(await names('d/', 'pattern=eListFileOnly')).toEqual(['ab1', 'ab2', 'b']);
    expect(first.data.infos.map(({ name }) => name)).toEqual(['sub/', 'b', 'ab2']);
    expect(await names('d/', `order=1&context=${encodeURIComponent(first.data.context)}`)).toEqual(['ab1']);
  });

  test('num is 1 to 1000', async () => {
    const { page } = await bed();

    for (const num of [1, 1000]) expect((await page('d/', `num=${num}`)).code).toBe(0);
    expect((await page('d/', 'num=1')).data.infos).toHaveLength(1);
    for (const num of [0, 1001, 'all']) expect((await page('d/', `num=${num}`)).code).toBe(-5999);
  });
});

describe('move and copy', () => {
  type Fields = Readonly<Record<string, string | number>>;
  type Sent = { readonly query?: string; readonly body?: string; readonly type?: string };
  const inMultipart = (fields: Fields) => multipart(Object.entries(fields), 'b').toString();
  const FORMS: Readonly<Record<string, (fields: Fields) => Sent>> = {
    'a JSON body (Java, C++, Node, wx)': (fields) => ({
      body: JSON.stringify(fields),
      type: 'application/json',
    }),
    'multipart (PHP, JavaScript)': (fields) => ({
      body: inMultipart(fields),
      type: 'multipart/form-data; boundary=b',
    }),
    'the query, with an empty body (Python)': (fields) => ({
      query: `?${Object.entries(fields)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&')}`,
    }),
  };

  test.each(Object.entries(FORMS))('in %s, with either signature', async (_, form) => {
    const cos = await cosEndpointBed();
    const relocate = (path: string, fields: Fields, authorization: string) => {
      const { query = '', body, type } = form(fields);
      return cos.send(`${path}${query}`, {
        method: 'POST',
        headers: { authorization, ...(type && { 'content-type': type }) },
        ...(body !== undefined && { body }),
      });
    };
    await cos.upload('d/a', Buffer.from('text'), [['biz_attr', 'mine']]);
    const copy = { op: 'copy', dest_fileid: `/${APP}/${BUCKET}/e/b`, to_over_write: 0 };

    expect(await codeOf(relocate('d/a', copy, signOnce('d/a')))).toBe(0);
    expect(await relocate('d/a', copy, sign())).toMatchObject({
      code: -177,
      message: 'ERROR_CMD_COS_FILE_EXIST',
    });
    expect(await codeOf(relocate('d/a', { ...copy, to_over_write: 1 }, sign()))).toBe(0);
    const twice = encodeURIComponent(encodeURIComponent(`/${APP}/${BUCKET}/d/a`));
    expect(await codeOf(relocate('d/a', { ...copy, to_over_write: 1 }, sign({ e: 0, f: twice })))).toBe(0);
    expect(await codeOf(relocate('d/a', { op: 'move', dest_fileid: 'sub/c' }, sign()))).toBe(0);
    expect(await codeOf(relocate('d/a', { op: 'move', dest_fileid: '/c' }, sign()))).toBe(-197);
    expect(await codeOf(relocate('d/sub/c', { op: 'move', dest_fileid: '/c' }, sign()))).toBe(0);
    for (const path of ['e/b', 'c']) {
      expect((await cos.read(path)).toString()).toBe('text');
      expect((await cos.stat(path)).data.biz_attr).toBe('mine');
    }
    expect(await codeOf(cos.stat('d/sub/c'))).toBe(-197);
  });

  test('the copy outlives its source, and onto itself nothing is lost', async () => {
    const cos = await cosEndpointBed();
    await cos.upload('a', Buffer.from('text'));
    const body = (op: string, to_over_write: number, dest_fileid: string) =>
      codeOf(cos.json('a', { op, dest_fileid, to_over_write }, sign()));

    expect(await body('move', 1, '/a')).toBe(0);
    expect(await body('move', 0, '/a')).toBe(-177);
    expect(await body('copy', 0, '/b')).toBe(0);
    expect(await body('copy', 0, 'dir/')).toBe(-5999);
    await cos.remove('a');
    expect((await cos.read('b')).toString()).toBe('text');
  });
});

describe('the older form, upload_slice', () => {
  const bytes = sampleBytes(2 * MIB + 5);
  const opening: Field[] = [
    ['op', 'upload_slice'],
    ['filesize', bytes.length],
    ['sha', sha1(bytes)],
    ['slice_size', MIB],
  ];
  const slice = (session: string, offset: number, content = bytes): Field[] => [
    ['op', 'upload_slice'],
    ['session', session],
    ['offset', offset],
    ['filecontent', content.subarray(offset, offset + MIB)],
  ];

  test('slices go until an answer carries access_url; asked again it says where to go on', async () => {
    const cos = await cosEndpointBed();
    const { session, ...first } = (await cos.form('a', opening)).data;

    const stored = await cos.form('a', slice(session, 0));
    const resumed = await cos.form('a', [...opening, ['session', 'undefined']]);
    await cos.form('a', slice(session, MIB));
    const last = await cos.form('a', slice(session, 2 * MIB));
    const repeated = await cos.form('a', slice(session, 2 * MIB));

    expect(first).toEqual({ offset: 0, slice_size: MIB });
    expect(stored.data.access_url).toBeUndefined();
    expect(resumed.data).toEqual({ session, offset: MIB, slice_size: MIB });
    expect(last.data).toMatchObject({ url: cos.addressOf('a'), resource_path: `/${APP}/${BUCKET}/a` });
    expect(repeated.data.access_url).toBe(last.data.access_url);
    expect((await cos.read('a')).equals(bytes)).toBe(true);
    expect((await cos.form('b', opening)).data.access_url).toContain('/b'); // in an instant
  });

  test('other bytes than promised do not become the file', async () => {
    const cos = await cosEndpointBed();
    const { session } = (await cos.form('a', opening)).data;
    const other = Buffer.alloc(bytes.length);

    for (const offset of [0, MIB]) await cos.form('a', slice(session, offset, other));

    expect(await codeOf(cos.form('a', slice(session, 2 * MIB, other)))).toBe(-4016);
    expect(await cos.endpoint.file(BUCKET, 'a')).toBeUndefined();
  });
});

describe('what else clients send', () => {
  test('the same name and content again repeats the success, other content does not', async () => {
    const [kind, strict] = [await cosEndpointBed(), await cosEndpointBed({ refuseSame: true })];
    for (const cos of [kind, strict]) await cos.upload('a', Buffer.from('text'));

    expect(await kind.upload('a', Buffer.from('text'))).toMatchObject({ code: 0 });
    expect(await codeOf(kind.upload('a', Buffer.from('next')))).toBe(-177);
    expect(await codeOf(strict.upload('a', Buffer.from('text')))).toBe(-177);
    expect((await kind.read('a')).toString()).toBe('text');
    const sha = sha1(Buffer.from('text'));
    const whole: Field[] = [
      ['sha', sha],
      ['uploadparts', JSON.stringify([{ offset: 0, datalen: 4, datasha: sha }])],
    ];
    expect((await kind.init('a', 4, whole)).data.access_url).toContain('/a');
    expect(await codeOf(kind.init('a', 4))).toBe(-177);
    expect(await codeOf(strict.init('a', 4, whole))).toBe(-177);
  });

  test('slices from 64 KiB, where they are allowed', async () => {
    const [usual, any] = [await cosEndpointBed(), await cosEndpointBed({ sliceSizes: 'any' })];
    const init = (size: number): Field[] => [
      ['op', 'upload_slice_init'],
      ['filesize', 100],
      ['slice_size', size],
    ];

    expect(await codeOf(usual.form('a', init(65_536)))).toBe(-284);
    expect(await codeOf(any.form('a', init(65_536)))).toBe(0);
    expect(await codeOf(any.form('b', init(65_535)))).toBe(-284);
  });

  test.each([
    ['0', 0],
    [0, 0],
    [false, 0],
    ['false', 0],
    ['1', -177],
    [true, -177],
    ['', -177],
    ['yes', -5999],
  ])('insertOnly written as %j', async (insertOnly, code) => {
    const cos = await cosEndpointBed();
    await cos.upload('a', sampleBytes(1));

    const body = { op: 'upload_slice_init', filesize: '5', slice_size: ` ${MIB}`, insertOnly };
    expect(await codeOf(cos.json('a', body, sign()))).toBe(code);
  });

  test('biz_attr of a directory is updated, its headers are not', async () => {
    const cos = await cosEndpointBed();
    await cos.mkdir('d/');
    const set = (fields: object) => codeOf(cos.json('d/', { op: 'update', ...fields }, signOnce('d/')));

    expect(await set({ biz_attr: 'mine', custom_headers: [] })).toBe(0);
    expect((await cos.stat('d/')).data.biz_attr).toBe('mine');
    expect(await set({ authority: 'eWRPrivate' })).toBe(-5999);
  });

  test('a file larger than v4 takes is refused at init', async () => {
    const cos = await cosEndpointBed();

    expect(await codeOf(cos.init('a', 64 * 1024 ** 3))).toBe(0);
    expect(await codeOf(cos.init('b', 64 * 1024 ** 3 + 1))).toBe(-5999);
  });
});

describe('answers that clients compare', () => {
  test('message is the name of the error, the detail stands in a header', async () => {
    const cos = await cosEndpointBed({ strictFolders: true });
    await cos.mkdir('d/');
    await cos.upload('d/a', sampleBytes(1));
    await cos.init('half', 5);

    const missing = await cos.upload('none/a', sampleBytes(1));
    expect([missing.message, missing.http]).toEqual(['ERROR_CMD_FILE_NOTEXIST', 404]);
    expect(missing.headers.get('x-cos-detail')).toBe('the parent directory does not exist');
    expect((await cos.upload('d/a', sampleBytes(2))).message).toBe('ERROR_CMD_COS_FILE_EXIST');
    expect((await cos.mkdir('d/')).message).toBe('ERROR_CMD_COS_PATH_CONFLICT');
    expect((await cos.init('half', 5)).message).toBe('_ERROR_FILE_NOT_FINISH_UPLOAD');
    expect(await cos.remove('d/')).toMatchObject({ code: -173, message: 'ERROR_CMD_COS_DIR_NOT_EMPTY' });
  });

  test('parents are made unless folders are strict', async () => {
    const cos = await cosEndpointBed();

    expect(await codeOf(cos.init('a/b/c.bin', 5))).toBe(0);
    expect(await codeOf(cos.mkdir('x/y/'))).toBe(0);
    for (const made of ['a/', 'a/b/', 'x/']) expect(await codeOf(cos.stat(made))).toBe(0);
  });
});
