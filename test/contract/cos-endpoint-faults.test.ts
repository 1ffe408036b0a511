import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import {
  busy,
  corrupt,
  doneButFailed,
  dropFirst,
  duplicate,
  errorPage,
  forgetSession,
  lagList,
  lieAboutMd5,
  loseAnswer,
  refuse,
  stall,
  stallAfterStoring,
  truncateAnswer,
} from '../../local/cos/faults.ts';
import { BUCKET, type Field, MIB, md5, sampleBytes } from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

const slice = sampleBytes(MIB);

/** An endpoint with one upload of three slices open; `at(n)` sends the n-th. */
async function opened() {
  const cos = await cosEndpointBed();
  const session = await cos.open('a.bin', 3 * MIB);
  const at = (index: number) => cos.put('a.bin', session, index * MIB, slice);
  const held = async () =>
    (await cos.endpoint.unfinished(BUCKET, 'a.bin'))?.held.map((one) => one.offset / MIB);
  return { cos, session, at, held };
}

describe('a fault', () => {
  test('dropFirst cuts the socket before anything is stored, as often as told', async () => {
    const { cos, at, held } = await opened();
    cos.endpoint.inject(dropFirst(2));

    await expect(at(0)).rejects.toThrow();
    await expect(at(1)).rejects.toThrow();
    expect(await held()).toEqual([]);
    expect((await at(0)).code).toBe(0);
    expect(cos.endpoint.log.slice(1).map(({ offset, code, fault }) => [offset, code, fault])).toEqual([
      [0, undefined, 'reset-before'],
      [MIB, undefined, 'reset-before'],
      [0, 0, undefined],
    ]);
  });

  test('loseAnswer stores first', async () => {
    const { cos, at, held } = await opened();
    cos.endpoint.inject(loseAnswer(1));

    await expect(at(1)).rejects.toThrow();

    expect(await held()).toEqual([1]);
    expect(cos.endpoint.log.at(-1)).toMatchObject({
      op: 'upload_slice_data',
      bytes: MIB,
      code: 0,
      fault: 'reset-after',
    });
  });

  test('busy and refuse answer with code and status and store nothing', async () => {
    const { cos, at, held } = await opened();
    cos.endpoint.inject(busy(1));
    cos.endpoint.inject(refuse(1, 500, -5997));

    expect(await at(0)).toMatchObject({ http: 503, code: -71 });
    expect(await at(0)).toMatchObject({ http: 500, code: -5997 });
    expect(await held()).toEqual([]);
  });

  test('errorPage is not JSON', async () => {
    const { cos } = await opened();
    cos.endpoint.inject(errorPage(1, { op: 'stat' }));

    const page = await fetch(`${cos.addressOf('a.bin')}?op=stat`);

    expect(page.status).toBe(502);
    expect(page.headers.get('content-type')).toBe('text/html');
    expect(await page.text()).toContain('<html>');
  });

  test('stall keeps silent for a while, or until the client has had enough', async () => {
    const { cos, session, at, held } = await opened();
    cos.endpoint.inject(stall(1, 80));
    cos.endpoint.inject(stall(1, Infinity));
    cos.endpoint.inject(stallAfterStoring(1, Infinity));
    const fields: Field[] = [
      ['op', 'upload_slice_data'],
      ['session', session],
      ['offset', MIB],
      ['filecontent', slice],
    ];
    const impatient = async (until: () => Promise<void>) => {
      const patience = new AbortController();
      const answer = cos.form('a.bin', fields, { signal: patience.signal });
      await vi.waitFor(until, { timeout: 60_000 });
      patience.abort();
      await expect(answer).rejects.toThrow(/abort/);
    };
    const stalled = (times: number) => async () =>
      expect(cos.endpoint.log.filter(({ fault }) => fault === 'stall')).toHaveLength(times);

    const began = performance.now();
    expect((await at(0)).code).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(75);
    await impatient(stalled(2));
    expect(await held()).toEqual([0]);
    await impatient(async () => expect(await held()).toEqual([0, 1]));
    expect(await held()).toEqual([0, 1]);
  });

  test('truncateAnswer breaks off in the middle of what was done', async () => {
    const { cos, at, held } = await opened();
    cos.endpoint.inject(truncateAnswer(1));

    await expect(at(0)).rejects.toThrow();

    expect(await held()).toEqual([0]);
  });

  test('lieAboutMd5 stores well and says otherwise', async () => {
    const { cos, session, at } = await opened();
    cos.endpoint.inject(lieAboutMd5(1));

    const lie = await at(0);
    const truth = await at(0);

    expect(lie.data.datamd5).toMatch(/^[0-9a-f]{32}$/);
    expect(lie.data.datamd5).not.toBe(md5(slice));
    expect(truth.data.datamd5).toBe(md5(slice));
    for (const index of [1, 2]) await at(index);
    await cos.finish('a.bin', session, 3 * MIB);
    expect((await cos.read('a.bin')).subarray(0, MIB).equals(slice)).toBe(true);
  });

  test('corrupt stores damaged bytes and is honest about them', async () => {
    const { cos, session, at } = await opened();
    cos.endpoint.inject(corrupt(1, { op: 'upload_slice_data', offset: MIB }));

    for (const index of [0, 2]) await at(index);
    const damaged = await at(1);
    await cos.finish('a.bin', session, 3 * MIB);

    const stored = (await cos.read('a.bin')).subarray(MIB, 2 * MIB);
    expect(stored.equals(slice)).toBe(false);
    expect(damaged.data.datamd5).toBe(md5(stored));
  });

  test('corrupt hits a small upload too', async () => {
    const { cos } = await opened();
    cos.endpoint.inject(corrupt(1, { op: 'upload' }));

    await cos.upload('small', slice);

    const file = await cos.endpoint.file(BUCKET, 'small');
    expect((await readFile(file?.dataPath ?? '')).equals(slice)).toBe(false);
  });

  test('forgetSession answers as if there had never been one', async () => {
    const { cos, at } = await opened();
    await at(0);
    cos.endpoint.inject(forgetSession(1));

    expect((await at(1)).code).toBe(-5999);
    expect(await cos.list('a.bin')).toMatchObject({ code: -197, http: 404 });
    expect((await cos.init('a.bin', 3 * MIB)).code).toBe(0);
  });

  test('lagList leaves out the slices stored last', async () => {
    const { cos, at } = await opened();
    for (const index of [2, 0, 1]) await at(index);
    cos.endpoint.inject(lagList(1, 2));

    expect((await cos.list('a.bin')).data.listparts).toEqual([{ offset: 2 * MIB, datalen: MIB }]);
    expect((await cos.list('a.bin')).data.listparts).toHaveLength(3);
  });

  test('doneButFailed finishes the file and looks failed', async () => {
    const cos = await cosEndpointBed({
      faults: [doneButFailed(1, 502, -196, { op: 'upload_slice_finish' })],
    });
    const session = await cos.sendSlices('a.bin', slice);

    const closed = await cos.finish('a.bin', session, MIB);

    expect(closed).toMatchObject({ http: 502, code: -196 });
    expect(closed.data).toBeUndefined();
    expect((await cos.stat('a.bin')).data.filelen).toBe(MIB);
  });

  test('duplicate serves a request twice and sends the second answer', async () => {
    const cos = await cosEndpointBed({ faults: [duplicate(2)] });

    expect((await cos.init('a.bin', MIB)).code).toBe(-4019);
    const { session } = (await cos.list('a.bin')).data;

    expect((await cos.put('a.bin', session, 0, slice)).data.datamd5).toBe(md5(slice));
    expect((await cos.endpoint.unfinished(BUCKET, 'a.bin'))?.held).toEqual([{ offset: 0, length: MIB }]);
  });
});

describe('when a fault strikes', () => {
  test('skip lets requests pass, offset and op choose among them', async () => {
    const { cos, at } = await opened();
    cos.endpoint.inject(busy(1, { op: 'upload_slice_data', offset: MIB, skip: 1 }));

    const codes = [];
    for (const index of [1, 0, 1, 1]) codes.push((await at(index)).code);

    expect(codes).toEqual([0, 0, -71, 0]);
  });

  test('chance is drawn from the random numbers given', async () => {
    const { cos, at } = await opened();
    const drawn = [0.9, 0.1, 0.5, 0.29];
    cos.endpoint.inject({ ...busy(Infinity), chance: 0.3, random: () => drawn.shift() ?? 1 });

    const codes = [];
    for (let i = 0; i < 5; i += 1) codes.push((await at(0)).code);

    expect(codes).toEqual([0, -71, 0, -71, 0]);
  });

  test('clearFaults ends them all', async () => {
    const { cos, at } = await opened();
    cos.endpoint.inject(busy(Infinity));

    expect((await at(0)).code).toBe(-71);
    cos.endpoint.clearFaults();
    expect((await at(0)).code).toBe(0);
  });

  test('latency comes before every answer', async () => {
    const cos = await cosEndpointBed({ latencyMs: 60 });

    const began = performance.now();
    await cos.init('a.bin', MIB);

    expect(performance.now() - began).toBeGreaterThan(55);
  });

  test('a client that goes away while sending is counted, not stored', async () => {
    const { cos, held } = await opened();
    const socket = connect(cos.endpoint.port, '127.0.0.1');
    const head = `POST ${new URL(cos.addressOf('a.bin')).pathname} HTTP/1.1\r\nHost: cos\r\nContent-Length: 99\r\n`;

    socket.write(`${head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n`, () =>
      socket.destroy(),
    );
    await expect.poll(() => cos.endpoint.log.at(-1)?.op, { timeout: 60_000 }).toBe('aborted');

    expect(await held()).toEqual([]);
  });

  test('close does not wait for a stalled answer', async () => {
    const { cos, at } = await opened();
    cos.endpoint.inject(stall(1, Infinity));
    const waiting = at(0);
    waiting.catch(() => undefined);
    await expect.poll(() => cos.endpoint.log.at(-1)?.fault).toBe('stall');

    await cos.endpoint.close();

    await expect(waiting).rejects.toThrow();
  });
});
