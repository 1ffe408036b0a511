import { describe, expect, test } from 'vitest';
import { APP, BUCKET, codeIn, KEYS, sampleBytes, sign, signOnce, signText } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';
import signatures from '../vectors/signature.json' with { type: 'json' };

describe('signature', () => {
  const [unbound, once, otherOrder] = signatures.cases.map((one) => one.authorization);
  const published = () =>
    cosEndpointBed({
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
    const cos = await cosEndpointBed();
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
      [-97, sign({ r: '1'.repeat(21) })],
      [-97, sign({ e: now + 100 * 24 * 3600 })],
      [-97, signOnce('a.bin')],
    ];

    for (const [code, authorization] of mistakes) {
      expect(await cos.stat('a.bin', authorization)).toMatchObject({ code, http: 403 });
    }
    expect(await cos.send('a.bin?op=stat', {})).toMatchObject({ code: -97, http: 403 });
    expect(await cos.json('a.bin', { op: 'delete' }, sign())).toMatchObject({ code: -97, http: 403 });
    expect(await cos.json('a.bin', { op: 'delete' }, sign({ e: 0 }))).toMatchObject({ code: -97 });
  });

  test('a path is compared by what it means, however it is escaped', async () => {
    const cos = await cosEndpointBed();
    const path = "Größe (1)~!*'.bin";
    const strict = encodeURIComponent(path).replace(/[!*'()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    await cos.upload(strict, sampleBytes(10));

    for (const f of [strict, encodeURIComponent(path), path]) {
      const authorization = sign({ f: `/${APP}/${BUCKET}/${f}` });
      expect(await cos.stat(encodeURIComponent(path), authorization)).toMatchObject({ code: 0 });
    }
    expect(await cos.endpoint.file(BUCKET, path)).toMatchObject({ size: 10 });
    expect((await cos.read(strict)).length).toBe(10);
  });

  test('the endpoint lives by its own clock and shows it in Date', async () => {
    const cos = await cosEndpointBed({ now: () => Date.now() - 3600_000 });
    const now = Math.floor(Date.now() / 1000);

    const refused = await cos.stat('a.bin');
    const behind = Date.now() - Date.parse(refused.headers.get('date') ?? '');

    expect(refused.code).toBe(-59);
    expect(behind).toBeGreaterThan(3590_000);
    expect(await cos.stat('a.bin', sign({ t: now - 3600, e: now - 3000 }))).toMatchObject({ code: -197 });
  });

  test('a signature may stand in the query as sign', async () => {
    const cos = await cosEndpointBed();

    expect(await cos.send(`a.bin?op=stat&sign=${encodeURIComponent(sign())}`, {})).toMatchObject({
      code: -197,
    });
  });
});
