import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../local/s3/faults.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';

describe('S3 endpoint: faults', () => {
  test('a status is answered as often as ordered, for the requests it names', async () => {
    const act = { kind: 'status', status: 503, code: 'SlowDown' } as const;
    const { raw, endpoint } = await s3Bed({ faults: [{ op: 'get', key: 'ten', skip: 1, times: 2, act }] });

    const statuses = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await raw('ten')).status);

    expect(statuses).toEqual([200, 503, 503, 200, 200]);
    expect((await raw('ten', {}, 'HEAD')).status).toBe(200);
    expect(endpoint.log.map(({ fault }) => fault)).toEqual([undefined, 'status', 'status', ...Array(3)]);
  });

  test("the SDK's own retry gets over SlowDown", async () => {
    const act = { kind: 'status', status: 503, code: 'SlowDown' } as const;
    const { client, endpoint } = await s3Bed({ faults: [{ times: 2, act }] }, 3);

    const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'ten' }));

    expect(await got.Body?.transformToString()).toBe('0123456789');
    expect(endpoint.log.map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  test('a reset breaks the connection before any header', async () => {
    const { raw, endpoint } = await s3Bed();
    endpoint.inject({ times: 1, act: { kind: 'reset' } });

    await expect(raw('ten')).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(endpoint.log[0]).toMatchObject({ status: 0, bytes: 0, fault: 'reset' });
    expect(await raw('ten')).toMatchObject({ status: 200 });
  });

  test.each([
    [undefined, 5],
    [3, 3],
    [0, 0],
  ])('a body cut after %s bytes had the right headers', async (bytes, sent) => {
    const { client, endpoint } = await s3Bed();
    endpoint.inject({ act: { kind: 'truncate', ...(bytes === undefined ? {} : { bytes }) } });

    const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'ten' }));

    expect(got.ContentLength).toBe(10);
    await expect(got.Body?.transformToString()).rejects.toThrow();
    expect(endpoint.log[0]).toMatchObject({ status: 200, bytes: sent });
  });

  test('half a body may be followed by silence', async () => {
    const { client, endpoint } = await s3Bed();
    endpoint.inject({ act: { kind: 'stall-body' } });
    const stop = new AbortController();

    const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'ten' }), {
      abortSignal: stop.signal,
    });
    const reading = got.Body?.transformToString();

    expect(await Promise.race([reading, sleep(200, 'silence')])).toBe('silence');
    expect(endpoint.log[0]).toMatchObject({ status: 200, bytes: 5 });
    await Promise.all([expect(reading).rejects.toThrow(), endpoint.close()]);
  });

  test('a request may get no answer, and close does not wait for it', async () => {
    const { raw, endpoint } = await s3Bed({ faults: [{ act: { kind: 'stall' } }] });
    const asked = raw('ten').catch(() => 'broken');

    expect(await Promise.race([asked, sleep(200, 'silence')])).toBe('silence');
    await endpoint.close();

    expect(await asked).toBe('broken');
  });

  test('a delay and a latency only make it late', async () => {
    const { raw } = await s3Bed({ latencyMs: 60, faults: [{ act: { kind: 'delay', ms: 60 } }] });
    const began = performance.now();

    const answer = await raw('ten');

    expect(answer).toMatchObject({ status: 200, body: '0123456789' });
    expect(performance.now() - began).toBeGreaterThan(115);
  });

  test('chances repeat with their seed, and faults can be taken back', async () => {
    const strikes = async (seed: number) => {
      const act = { kind: 'status', status: 500, code: 'InternalError' } as const;
      const { raw, endpoint } = await s3Bed({ random: seededRandom(seed), faults: [{ chance: 0.5, act }] });
      for (let count = 0; count < 32; count += 1) await raw('ten');
      endpoint.clearFaults();
      expect((await raw('ten')).status).toBe(200);
      return endpoint.log.map(({ status }) => status).join();
    };

    expect(await strikes(7)).toBe(await strikes(7));
    expect(await strikes(7)).not.toBe(await strikes(8));
  });
});
