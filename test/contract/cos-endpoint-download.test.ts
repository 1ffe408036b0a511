import { request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import { APP, BUCKET, sampleBytes, sign, signOnce } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

const CDN = `${BUCKET}-${APP}.file.myqcloud.com`;
const bytes = sampleBytes(1000);

async function bed(options: Parameters<typeof cosEndpointBed>[0] = {}) {
  const cos = await cosEndpointBed(options);
  await cos.upload('d/a.bin', bytes);
  const links = (await cos.stat('d/a.bin')).data;
  return { ...cos, links, get: (headers: Record<string, string>) => fetch(links.access_url, { headers }) };
}

describe('downloads', () => {
  test('by three addresses that differ, and by the host name of COS', async () => {
    const { links, endpoint } = await bed();

    for (const address of [links.access_url, links.source_url, links.url])
      expect(Buffer.from(await (await fetch(address)).arrayBuffer()).equals(bytes)).toBe(true);
    expect(new Set([links.access_url, links.source_url, links.url]).size).toBe(3);
    for (const host of [CDN, `${BUCKET}-${APP}.cosgz.myqcloud.com:80`])
      expect((await byHost(endpoint.port, host, '/d/a.bin')).equals(bytes)).toBe(true);
    expect((await byHost(endpoint.port, 'x', `http://${CDN}/d/a.bin`)).equals(bytes)).toBe(true); // as a proxy
  });

  test('answers name the hosts of COS itself where that is wanted', async () => {
    const { links } = await bed({ realHosts: true, region: 'sh' });

    expect(links).toMatchObject({
      access_url: `http://${CDN}/d/a.bin`,
      source_url: `http://${BUCKET}-${APP}.cossh.myqcloud.com/d/a.bin`,
      url: `http://sh.file.myqcloud.com/files/v2/${APP}/${BUCKET}/d/a.bin`,
    });
  });

  test.each([
    ['bytes=0-9', 206, 'bytes 0-9/1000', [0, 10]],
    ['bytes=990-', 206, 'bytes 990-999/1000', [990, 1000]],
    ['bytes=-10', 206, 'bytes 990-999/1000', [990, 1000]],
    ['bytes=-5000', 206, 'bytes 0-999/1000', [0, 1000]],
    ['bytes=500-5000', 206, 'bytes 500-999/1000', [500, 1000]],
    ['bytes=1000-', 416, 'bytes */1000', [0, 0]],
    ['bytes=-0', 416, 'bytes */1000', [0, 0]],
    ['bytes=9-3', 200, null, [0, 1000]],
    ['bytes=0-1,5-6', 200, null, [0, 1000]],
    ['lines=1-2', 200, null, [0, 1000]],
  ] as const)('Range %s', async (range, status, contentRange, [start, end]) => {
    const { get } = await bed();

    const got = await get({ range });

    expect([got.status, got.headers.get('content-range')]).toEqual([status, contentRange]);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes.subarray(start, end))).toBe(true);
  });

  test('If-* headers are obeyed', async () => {
    const { get } = await bed();
    const { headers } = await get({});
    const etag = headers.get('etag') ?? '';
    const modified = headers.get('last-modified') ?? '';
    const long = 'Wed, 01 Jan 2014 00:00:00 GMT';
    const status = async (sent: Record<string, string>) => (await get(sent)).status;

    expect(await status({ 'if-match': etag })).toBe(200);
    expect(await status({ 'if-match': '"other"' })).toBe(412);
    expect(await status({ 'if-none-match': `"other", ${etag}` })).toBe(304);
    expect(await status({ 'if-none-match': '"other"' })).toBe(200);
    expect(await status({ 'if-modified-since': modified })).toBe(304);
    expect(await status({ 'if-modified-since': long })).toBe(200);
    expect(await status({ 'if-unmodified-since': long })).toBe(412);
    expect(await status({ 'if-range': etag, range: 'bytes=0-1' })).toBe(206);
    expect(await status({ 'if-range': '"other"', range: 'bytes=0-1' })).toBe(200);
  });

  test('a private file wants a signature of either kind, whose f may be the path alone', async () => {
    const cos = await bed();
    await cos.json('d/a.bin', { op: 'update', authority: 'eWRPrivate' }, signOnce('d/a.bin'));
    const get = async (signature?: string) => {
      const query = signature === undefined ? '' : `?sign=${encodeURIComponent(signature)}`;
      return (await fetch(`${cos.links.access_url}${query}`)).status;
    };

    expect(await get()).toBe(403);
    expect(await get(sign({ f: '/d/other.bin' }))).toBe(403);
    for (const good of [sign(), sign({ f: '/d/a.bin' }), sign({ e: 0, f: '/d/a.bin' }), signOnce('d/a.bin')])
      expect(await get(good)).toBe(200);
  });

  test('in a private bucket a file may still be open to all', async () => {
    const cos = await bed({ privateBuckets: true });
    const get = async () => (await fetch(cos.links.source_url)).status;

    expect(await get()).toBe(403);
    await cos.json('d/a.bin', { op: 'update', authority: 'eWPrivateRPublic' }, signOnce('d/a.bin'));
    expect(await get()).toBe(200);
  });

  test('what is not there is 404, and a download host takes no upload', async () => {
    const { origin } = await bed();
    const refused = await fetch(`${origin}/${CDN}/d/a.bin`, { method: 'POST', body: '{"op":"delete"}' });

    expect((await fetch(`${origin}/${CDN}/none`)).status).toBe(404);
    expect(await refused.json()).toMatchObject({ code: -5999 });
  });
});

function byHost(port: number, host: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, path, headers: { host } }, async (response) =>
      resolve(Buffer.concat(await response.toArray())),
    )
      .on('error', reject)
      .end();
  });
}
