import { describe, expect, test } from 'vitest';
import { APP, BUCKET, codeOf, MIB, sampleBytes, sha1, sign, signOnce } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

describe('files and directories', () => {
  test('with strict folders an upload needs its directory, and a chain is made from the top', async () => {
    const cos = await cosEndpointBed({ strictFolders: true });

    expect(await cos.init('a/b/c.bin', 5)).toMatchObject({ code: -197, http: 404 });
    expect(await codeOf(cos.upload('a/b/c.bin', sampleBytes(5)))).toBe(-197);
    expect(await codeOf(cos.mkdir('a/b/'))).toBe(-197);
    expect(await cos.mkdir('a/')).toMatchObject({
      code: 0,
      data: { resource_path: `/${APP}/${BUCKET}/a/` },
    });
    expect(await cos.mkdir('a/')).toMatchObject({ code: -178, http: 409 });
    expect(await codeOf(cos.mkdir('a/b/'))).toBe(0);
    expect(await codeOf(cos.init('a/b/c.bin', 5))).toBe(0);
    expect((await cos.stat('a/b/')).data.ctime).toBeTypeOf('number');
  });

  test('an existing file is kept, or read as it was until another is finished', async () => {
    const cos = await cosEndpointBed();
    const old = sampleBytes(10);
    const fresh = sampleBytes(MIB);
    await cos.upload('a.bin', old);

    expect(await cos.init('a.bin', MIB)).toMatchObject({ code: -177, http: 409 });
    expect(await codeOf(cos.upload('a.bin', fresh))).toBe(-177);
    const session = await cos.open('a.bin', MIB, [['insertOnly', 0]]);
    await cos.put('a.bin', session, 0, fresh);
    expect((await cos.read('a.bin')).equals(old)).toBe(true);
    await cos.finish('a.bin', session, MIB);
    expect((await cos.read('a.bin')).equals(fresh)).toBe(true);
    expect(await codeOf(cos.upload('a.bin', old, [['insertOnly', '0']]))).toBe(0);
    expect((await cos.read('a.bin')).equals(old)).toBe(true);
  });

  test('a small file goes in one request: empty, checked, at most 20 MB', async () => {
    const cos = await cosEndpointBed();

    expect(await codeOf(cos.upload('empty', Buffer.alloc(0)))).toBe(0);
    expect((await cos.stat('empty')).data).toMatchObject({ filesize: 0, sha: sha1(Buffer.alloc(0)) });
    expect((await cos.read('empty')).length).toBe(0);
    expect(await codeOf(cos.upload('a', sampleBytes(9), [['sha', sha1(sampleBytes(8))]]))).toBe(-4016);
    expect(await codeOf(cos.upload('a', Buffer.alloc(20 * MIB + 1)))).toBe(-5999);
    expect(await codeOf(cos.upload('a', Buffer.alloc(20 * MIB)))).toBe(0);
    expect(await codeOf(cos.upload('huge', Buffer.alloc(32 * MIB + 1)))).toBe(-5999);
  });

  test('stat tells how far an unfinished upload has come', async () => {
    const cos = await cosEndpointBed();
    await cos.sendSlices('a.bin', sampleBytes(2 * MIB + 5), [MIB]);

    expect((await cos.stat('a.bin')).data).toMatchObject({ filesize: 2 * MIB + 5, filelen: MIB + 5 });
    expect(await cos.stat('b.bin')).toMatchObject({ code: -197, http: 404 });
  });

  test('headers set by update come with the download, others are refused', async () => {
    const cos = await cosEndpointBed();
    await cos.upload('a.txt', Buffer.from('text'));
    const set = (custom_headers: object) =>
      cos.json('a.txt', { op: 'update', custom_headers }, signOnce('a.txt'));

    expect(await codeOf(set({ 'content-type': 'text/plain', 'x-cos-meta-etag': 'abc' }))).toBe(0);
    expect(await codeOf(set({ 'Set-Cookie': 'a=b' }))).toBe(-5999);
    expect(await codeOf(set({ 'Cache-Control': 'a\r\nb: c' }))).toBe(-5999);
    const got = await fetch(cos.addressOf('a.txt'));
    expect(await got.text()).toBe('text');
    expect(got.headers.get('content-type')).toBe('text/plain');
    expect(got.headers.get('x-cos-meta-etag')).toBe('abc');
    expect((await cos.endpoint.file(BUCKET, 'a.txt'))?.customHeaders['x-cos-meta-etag']).toBe('abc');
    expect(await codeOf(cos.json('b', { op: 'update' }, signOnce('b')))).toBe(-197);
  });

  test('delete takes the file, the unfinished upload, or an empty directory', async () => {
    const cos = await cosEndpointBed();
    await cos.mkdir('d/');
    await cos.upload('d/file', sampleBytes(5));
    await cos.init('d/half', 5);

    expect(await codeOf(cos.remove('d/'))).toBe(-173);
    expect(await codeOf(cos.remove('d/file'))).toBe(0);
    expect(await codeOf(cos.remove('d/half'))).toBe(0);
    expect(await codeOf(cos.remove('d/half'))).toBe(-197);
    expect(await codeOf(cos.list('d/half'))).toBe(-197);
    expect(await codeOf(cos.remove('d/'))).toBe(0);
    expect(await codeOf(cos.stat('d/'))).toBe(-197);
  });

  test('a directory is listed page by page', async () => {
    const cos = await cosEndpointBed();
    await cos.mkdir('d/');
    await cos.mkdir('d/sub/');
    for (const name of ['a1', 'a2', 'b']) await cos.upload(`d/${name}`, sampleBytes(5));
    const page = (query: string) => cos.send(`d/?op=list&${query}`, { headers: { authorization: sign() } });
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
    const cos = await cosEndpointBed();
    const ask = async (bucket: string) => {
      const url = `${cos.origin}/files/v2/${APP}/${bucket}/a?op=stat`;
      return (await fetch(url, { headers: { authorization: sign({ b: bucket }) } })).json();
    };

    expect(await ask('other')).toMatchObject({ code: -133 });
    expect(await ask('Not_a_bucket')).toMatchObject({ code: -199 });
  });
});
