import { get as httpsGet } from 'node:https';
import { describe, expect, test } from 'vitest';
import { madeCertificate } from '../../local/cos/certificate.ts';
import { readSettings } from '../../local/cos/command-line.ts';
import type { RequestRecord } from '../../local/cos/request-log.ts';
import { APP, BUCKET, codeOf, MIB, sampleBytes } from '../kit/cos-by-hand.ts';
import { cosEndpointBed, dataDir } from '../kit/cos-endpoint-bed.ts';

const JSON_BODY = { 'content-type': 'application/json' };

describe('the control path', () => {
  const order = (origin: string, body: unknown, headers: Record<string, string> = JSON_BODY) =>
    fetch(`${origin}/_control/faults`, { method: 'POST', body: JSON.stringify(body), headers });

  test('any client orders faults by JSON, sees what waits, and takes them back', async () => {
    const cos = await cosEndpointBed({ control: true });

    const ordered = await order(cos.origin, {
      op: 'upload',
      times: 2,
      act: { kind: 'status', status: 503, code: -71 },
    });

    expect([ordered.status, await ordered.json()]).toEqual([
      201,
      [{ op: 'upload', skip: 0, times: 2, act: { kind: 'status', status: 503, code: -71 } }],
    ]);
    expect(await codeOf(cos.upload('a', sampleBytes(1)))).toBe(-71);
    expect(await (await fetch(`${cos.origin}/_control/faults`)).json()).toMatchObject([{ times: 1 }]);
    await fetch(`${cos.origin}/_control/faults`, { method: 'DELETE' });
    expect(await codeOf(cos.upload('a', sampleBytes(1)))).toBe(0);
  });

  test('an order that is no fault is refused with what is wrong with it', async () => {
    const cos = await cosEndpointBed({ control: true });

    for (const body of [{ act: { kind: 'explode' } }, { act: { kind: 'corrupt' }, time: 1 }, { act: {} }]) {
      const refused = await order(cos.origin, body);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: expect.stringMatching(/kind|time/) });
    }
    expect((await order(cos.origin, {}, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await fetch(`${cos.origin}/_control/else`)).status).toBe(404);
  });

  test('the log is read as JSON lines', async () => {
    const cos = await cosEndpointBed({ control: true });
    await cos.upload('a', sampleBytes(3));

    const lines = (await (await fetch(`${cos.origin}/_control/log`)).text()).trim().split('\n');

    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { op: 'upload', path: 'a', bytes: 3, code: 0 },
    ]);
  });

  test('is not there unless it was asked for', async () => {
    const cos = await cosEndpointBed();

    expect(await (await order(cos.origin, { act: { kind: 'corrupt' } })).json()).toMatchObject({
      code: -5999,
    });
  });
});

describe('browsers', () => {
  const preflight = (url: string, origin: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });

  test('a preflight is allowed, and every answer may be read, errors too', async () => {
    const cos = await cosEndpointBed();

    const asked = await preflight(cos.addressOf('a'), 'https://page.example');
    const refused = await fetch(`${cos.addressOf('a')}?op=stat`, {
      headers: { origin: 'https://page.example' },
    });

    expect([asked.status, asked.headers.get('access-control-allow-headers')]).toEqual([204, 'authorization']);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(refused.status).toBe(403);
    for (const { headers } of [asked, refused]) expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(refused.headers.get('access-control-expose-headers')).toContain('x-cos-request-id');
  });

  test('only the origins that are allowed, where some are named', async () => {
    const cos = await cosEndpointBed({ allowOrigins: ['https://ours.example'] });
    const allowed = async (origin: string) =>
      (await preflight(cos.addressOf('a'), origin)).headers.get('access-control-allow-origin');

    expect(await allowed('https://ours.example')).toBe('https://ours.example');
    expect(await allowed('https://other.example')).toBeNull();
  });

  test('over HTTPS with a certificate that was made and is kept', async () => {
    const dir = await dataDir();
    const tls = await madeCertificate(dir);
    const cos = await cosEndpointBed({ tls });

    const status = await new Promise((resolve, reject) => {
      httpsGet(`${cos.origin}/files/v2/${APP}/${BUCKET}/none`, { ca: tls.cert }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });

    expect(cos.origin).toMatch(/^https:/);
    expect(status).toBe(404);
    expect((await madeCertificate(dir)).cert).toBe(tls.cert);
  });
});

describe('the wire', () => {
  test('the log hands each record on when its request is over, and keeps no more than told', async () => {
    const records: RequestRecord[] = [];
    const cos = await cosEndpointBed({ onRecord: (record) => records.push(record), keepRecords: 0 });

    for (let at = 0; at < 1_002; at += 1) await fetch(cos.addressOf('none'));

    expect(records).toHaveLength(1_002);
    expect(records[0]).toMatchObject({ op: 'download', code: -197 });
    expect(cos.endpoint.log.length).toBeLessThan(1_001);
  });

  test('a bandwidth holds uploads and downloads back, and loses nothing', async () => {
    const cos = await cosEndpointBed({ bandwidth: MIB });
    const bytes = sampleBytes(MIB / 8);

    const began = performance.now();
    await cos.upload('a', bytes);
    const read = await cos.read('a');

    expect(read.equals(bytes)).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(225); // 128 KiB each way cannot be faster
  });
});

describe('the command line', () => {
  test('knows a clock by distance and by date', () => {
    const offset = (...args: string[]) => readSettings(args, {}).clockOffsetMs;

    expect(offset('--clock', '+90')).toBe(90_000);
    expect(offset('--clock', '-90')).toBe(-90_000);
    expect(offset()).toBe(0);
    expect(offset('--clock', '2015-07-27T11:00:00Z') + Date.now()).toBeCloseTo(
      Date.parse('2015-07-27T11:00:00Z'),
      -5,
    );
  });

  test.each([
    [['--clock', 'noon'], /--clock/],
    [['--slice-sizes', 'big'], /--slice-sizes/],
    [['--cert', 'a.pem'], /--cert and --key/],
    [['--bandwidth', '0'], /--bandwidth/],
    [['--latency', 'soon'], /--latency/],
  ])('%j is refused in words', (args, said) => {
    expect(() => readSettings(args, {})).toThrow(said);
  });

  test('slice sizes are a list or any', () => {
    expect(readSettings(['--slice-sizes', 'any'], {}).sliceSizes).toBe('any');
    expect(readSettings(['--slice-sizes', '65536,1048576'], {}).sliceSizes).toEqual([65_536, MIB]);
  });
});
