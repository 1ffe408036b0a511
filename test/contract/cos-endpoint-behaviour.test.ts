import { describe, expect, test } from 'vitest';
import { codeOf, type Field, MIB, md5, sampleBytes } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

describe('what a server may answer differently', () => {
  test.each([
    ['array', [], [{ offset: 0, datalen: MIB }]],
    ['string', '[]', `[{"offset":0,"datalen":${MIB}}]`],
    ['null-when-empty', null, [{ offset: 0, datalen: MIB }]],
    ['absent-when-empty', undefined, [{ offset: 0, datalen: MIB }]],
  ] as const)('listparts as %s', async (listForm, empty, one) => {
    const cos = await cosEndpointBed({ listForm });
    const session = await cos.sendSlices('a.bin', sampleBytes(MIB), [0]);

    const before = (await cos.list('a.bin')).data.listparts;
    await cos.put('a.bin', session, 0, sampleBytes(MIB));

    expect(before).toEqual(empty);
    expect((await cos.list('a.bin')).data.listparts).toEqual(one);
  });

  test('numbers as decimal strings', async () => {
    const cos = await cosEndpointBed({ numbersAsStrings: true });
    const session = await cos.sendSlices('a.bin', sampleBytes(MIB));
    const stored = await cos.put('a.bin', session, 0, sampleBytes(MIB));

    expect(stored.data).toMatchObject({ offset: '0', datalen: String(MIB) });
    expect((await cos.list('a.bin')).data.listparts).toEqual([{ offset: '0', datalen: String(MIB) }]);
  });

  test('another slice size than asked for, and slice sizes it does not take', async () => {
    const cos = await cosEndpointBed({ grantSliceSize: 524288, sliceSizes: [MIB] });
    const asking = (size: number): Field[] => [
      ['op', 'upload_slice_init'],
      ['filesize', MIB],
      ['slice_size', size],
    ];

    expect(await cos.form('a.bin', asking(524288))).toMatchObject({ code: -284, http: 400 });
    const { session, slice_size } = (await cos.form('a.bin', asking(MIB))).data;
    expect(slice_size).toBe(524288);
    expect(await codeOf(cos.put('a.bin', session, 524288, sampleBytes(524288)))).toBe(0);
    expect((await cos.list('a.bin')).data.slice_size).toBe(524288);
  });

  test('one slice at a time, in order', async () => {
    const cos = await cosEndpointBed({ serialUpload: true });
    const opened = await cos.init('a.bin', 3 * MIB);
    const at = (offset: number) => codeOf(cos.put('a.bin', opened.data.session, offset, sampleBytes(MIB)));

    expect(opened.data.serial_upload).toBe(1);
    expect(await at(MIB)).toBe(-5999);
    expect([await at(0), await at(0), await at(MIB), await at(2 * MIB)]).toEqual([0, 0, 0, 0]);
  });

  test('it closes the file by itself', async () => {
    const cos = await cosEndpointBed({ closesItself: true });
    const bytes = sampleBytes(MIB + 1);
    const session = await cos.open('a.bin', bytes.length);

    const first = await cos.put('a.bin', session, MIB, bytes.subarray(MIB));
    const last = await cos.put('a.bin', session, 0, bytes.subarray(0, MIB));
    const closed = await cos.finish('a.bin', session, bytes.length);

    expect(first.data.access_url).toBeUndefined();
    expect(last.data).toMatchObject({
      access_url: expect.stringContaining('/a.bin'),
      datamd5: md5(bytes.subarray(0, MIB)),
    });
    expect(closed).toMatchObject({ code: 0, data: { access_url: last.data.access_url } });
    expect((await cos.list('a.bin')).data.access_url).toBe(last.data.access_url);
  });
});
