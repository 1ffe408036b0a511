import { describe, expect, test } from 'vitest';
import { APP, BUCKET, codeOf, type Field, MIB, md5, sampleBytes, sha1 } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';
import chains from '../vectors/sha1-chain.json' with { type: 'json' };

describe('a sliced upload', () => {
  test.each(chains)('with sha and uploadparts: $name', async (vector) => {
    const cos = await cosEndpointBed();
    const bytes = sampleBytes(vector.length);
    const sha: Field = ['sha', vector.sha1];

    const opened = await cos.form('a.bin', [
      ['op', 'upload_slice_init'],
      ['filesize', vector.length],
      ['slice_size', vector.slice_size],
      sha,
      ['uploadparts', JSON.stringify(vector.uploadparts)],
    ]);
    const { session } = opened.data;
    for (const { offset, datalen } of vector.uploadparts) {
      const slice = bytes.subarray(offset, offset + datalen);
      const stored = await cos.put('a.bin', session, offset, slice, [sha]);
      expect(stored.data).toEqual({ session, offset, datalen, datamd5: md5(slice) });
    }
    const closed = await cos.finish('a.bin', session, vector.length, [sha]);

    expect(closed).toMatchObject({ code: 0, http: 200, data: { resource_path: `/${APP}/${BUCKET}/a.bin` } });
    expect(Buffer.from(await (await fetch(closed.data.access_url)).arrayBuffer()).equals(bytes)).toBe(true);
    expect((await cos.stat('a.bin')).data).toMatchObject({
      filesize: vector.length,
      filelen: vector.length,
      sha: vector.sha1,
    });
  });

  test('every reply names its request, in the body and in the header', async () => {
    const cos = await cosEndpointBed();

    const replies = [await cos.init('a.bin', 5), await cos.list('nothing'), await cos.stat('a.bin')];

    for (const reply of replies) expect(reply.headers.get('x-cos-request-id')).toBe(reply.request_id);
    expect(new Set(replies.map((reply) => reply.request_id)).size).toBe(3);
    expect(cos.endpoint.log.map((record) => record.requestId)).toEqual(
      replies.map((reply) => reply.request_id),
    );
  });

  test('slices may come in any order, twice, and all at once', async () => {
    const cos = await cosEndpointBed();
    const bytes = sampleBytes(5 * MIB + 17);
    const session = await cos.open('a.bin', bytes.length);
    const offsets = [4, 0, 5, 2, 1, 3, 2, 5].map((slice) => slice * MIB);

    await Promise.all(offsets.map((at) => cos.put('a.bin', session, at, bytes.subarray(at, at + MIB))));

    expect((await cos.list('a.bin')).data.listparts).toEqual(
      [0, 1, 2, 3, 4, 5].map((slice) => ({ offset: slice * MIB, datalen: slice === 5 ? 17 : MIB })),
    );
    expect(await cos.finish('a.bin', session, bytes.length)).toMatchObject({ code: 0 });
    expect((await cos.read('a.bin')).equals(bytes)).toBe(true);
    expect((await cos.stat('a.bin')).data.sha).toBeUndefined();
    expect(await codeOf(cos.finish('a.bin', session, bytes.length))).toBe(-5999);
  });

  test('finish is refused for a gap or another length, and the upload lives on', async () => {
    const cos = await cosEndpointBed();
    const bytes = sampleBytes(2 * MIB + 5);
    const session = await cos.sendSlices('a.bin', bytes, [MIB]);

    expect(await cos.finish('a.bin', session, bytes.length)).toMatchObject({ code: -175, http: 400 });
    await cos.put('a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB));
    expect(await codeOf(cos.finish('a.bin', session, bytes.length - 1))).toBe(-175);
    expect(await codeOf(cos.finish('a.bin', session, bytes.length))).toBe(0);
  });

  test('a slice of another place, length or session is refused', async () => {
    const cos = await cosEndpointBed({ unknownSessionCode: -4099 });
    const session = await cos.sendSlices('a.bin', sampleBytes(MIB + 5), [0, MIB]);
    const slice = sampleBytes(MIB);

    expect(await cos.put('a.bin', session, 7, slice)).toMatchObject({ code: -5999, http: 400 });
    expect(await codeOf(cos.put('a.bin', session, 2 * MIB, slice))).toBe(-5999);
    expect(await codeOf(cos.put('a.bin', session, 0, slice.subarray(1)))).toBe(-5999);
    expect(await codeOf(cos.put('a.bin', session, MIB, slice))).toBe(-5999);
    expect(await codeOf(cos.put('a.bin', session, 0, slice, [['datamd5', md5(slice.subarray(1))]]))).toBe(
      -5999,
    );
    expect(await codeOf(cos.put('a.bin', 'unheard-of', 0, slice))).toBe(-4099);
    expect(await codeOf(cos.put('b.bin', session, 0, slice))).toBe(-4099);
    expect((await cos.endpoint.unfinished(BUCKET, 'a.bin'))?.held).toEqual([]);
    expect(await codeOf(cos.put('a.bin', session, 0, slice, [['datamd5', md5(slice)]]))).toBe(0);
  });
});

describe('sha', () => {
  const [, vector] = chains;
  const bytes = sampleBytes(2_500_000);
  const sha: Field = ['sha', vector?.sha1 ?? ''];
  const parts = vector?.uploadparts ?? [];
  const promised: Field[] = [sha, ['uploadparts', JSON.stringify(parts)]];

  test('uploadparts must be an array that covers the file and ends in sha', async () => {
    const cos = await cosEndpointBed();
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
      expect(await cos.init('a.bin', bytes.length, more)).toMatchObject({ code: -5965, http: 400 });
    }
  });

  test('once given at init it must come with every slice and with finish', async () => {
    const cos = await cosEndpointBed({ shaSuffix: '_1' });
    const session = await cos.open('a.bin', bytes.length, promised);

    expect(await cos.put('a.bin', session, 0, bytes.subarray(0, MIB))).toMatchObject({
      code: -29094,
      http: 400,
    });
    expect(await codeOf(cos.finish('a.bin', session, bytes.length))).toBe(-29094);
    expect((await cos.list('a.bin')).data.sha).toBe(`${sha[1]}_1`);
  });

  test('other bytes than promised are found at finish, and the slices stay', async () => {
    const cos = await cosEndpointBed();
    const session = await cos.open('a.bin', bytes.length, promised);
    const other = Buffer.from(bytes);
    other[MIB + 1] = 0xff;
    for (const { offset, datalen } of parts) {
      await cos.put('a.bin', session, offset, other.subarray(offset, offset + datalen), [sha]);
    }

    expect(await cos.finish('a.bin', session, bytes.length, [sha])).toMatchObject({
      code: -4016,
      http: 409,
    });
    expect((await cos.list('a.bin')).data.listparts).toHaveLength(3);
    await cos.put('a.bin', session, MIB, bytes.subarray(MIB, 2 * MIB), [sha]);
    expect(await codeOf(cos.finish('a.bin', session, bytes.length, [sha]))).toBe(0);
  });

  test('content that is there already is uploaded in an instant, and outlives the first', async () => {
    const cos = await cosEndpointBed();
    await cos.upload('first.bin', bytes);

    const again = await cos.init('second.bin', bytes.length, promised);
    await cos.remove('first.bin');

    expect(again.data).toEqual({
      access_url: `${cos.origin}/${BUCKET}-${APP}.file.myqcloud.com/second.bin`,
      source_url: `${cos.origin}/${BUCKET}-${APP}.cosgz.myqcloud.com/second.bin`,
      url: cos.addressOf('second.bin'),
      resource_path: `/${APP}/${BUCKET}/second.bin`,
    });
    expect((await cos.read('second.bin')).equals(bytes)).toBe(true);
  });

  test('an unfinished upload of the path is named -4019, with another sha -4020', async () => {
    const cos = await cosEndpointBed();
    await cos.init('a.bin', bytes.length, promised);
    const other = parts.map((part, i) => (i === 2 ? { ...part, datasha: sha1(Buffer.from('else')) } : part));

    expect(await cos.init('a.bin', bytes.length, promised)).toMatchObject({ code: -4019, http: 409 });
    expect(await codeOf(cos.init('a.bin', bytes.length))).toBe(-4019);
    expect(
      await cos.init('a.bin', bytes.length, [
        ['sha', sha1(Buffer.from('else'))],
        ['uploadparts', JSON.stringify(other)],
      ]),
    ).toMatchObject({ code: -4020, http: 409 });
  });
});
