import { hash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  busy,
  corrupt,
  doneButFailed,
  errorPage,
  forgetSession,
  loseAnswer,
  refuse,
  stall,
} from '../../local/cos/faults.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { type ApiBed, MIB, typeOf } from './api-bed.ts';

/**
 * What the HTTP API promises, whoever serves it. Of a second server `wire` is enough: what depends on how requests reach the
 * functions and answers come back, not what the functions decide.
 */
export function apiSuite(
  name: string,
  open: () => Promise<ApiBed>,
  scope: 'everything' | 'wire' = 'everything',
): void {
  describe(`HTTP API: ${name}`, () => {
    let bed: ApiBed;
    let count = 0;
    beforeAll(async () => {
      bed = await open();
    });
    afterAll(() => bed.close());

    const fresh = (): string => `up/${++count}.bin`;
    const content = randomBytes(2.5 * MIB);
    const pieces = [content.subarray(0, MIB), content.subarray(MIB, 2 * MIB), content.subarray(2 * MIB)];
    const openUpload = async (path = fresh(), more: object = {}) => {
      const answer = await bed.call('POST', '/transfers', {
        json: { target: { path }, size: content.length, ...more },
      });
      return { ...answer, path, id: String(answer.body.id) };
    };
    const putPiece = (id: string, index: number, headers: Record<string, string> = {}) =>
      bed.call('PUT', `/transfers/${id}/slices/${index * MIB}`, { bytes: pieces[index] ?? content, headers });
    const stored = async (path: string, bucket = 'relay'): Promise<Buffer> =>
      readFile((await bed.cos.file(bucket, path))?.dataPath ?? 'no such file');
    const faulty = async <T>(
      fault: Parameters<ApiBed['cos']['inject']>[0],
      work: () => Promise<T>,
    ): Promise<T> => {
      bed.cos.inject(fault);
      try {
        return await work();
      } finally {
        bed.cos.clearFaults();
      }
    };

    describe('starting a relay', () => {
      test('an object of S3 is relayed and its receipt shown; the same body is the same transfer', async () => {
        await bed.put('films/a b.bin', content);
        const json = { source: { bucket: SOURCE_BUCKET, key: 'films/a b.bin' } };

        const started = await bed.call('POST', '/transfers', { json });
        const again = await bed.call('POST', '/transfers', { json });
        await bed.stack.machine.idle();
        const shown = await bed.call('GET', started.body.links.self);

        expect(started.status).toBe(202);
        expect(started.headers.location).toBe(`/transfers/${started.body.id}`);
        expect(again.body.id).toBe(started.body.id);
        expect(shown.body).toMatchObject({
          state: 'stored',
          progress: { bytes: { total: content.length, held: content.length } },
        });
        expect(shown.body.receipt.verified.size).toBe(content.length);
        expect((await stored('films/a b.bin')).equals(content)).toBe(true);
      });

      if (scope === 'wire') return;

      test('target and options of a request count', async () => {
        await bed.put('plain.bin', content);
        const json = {
          source: { bucket: SOURCE_BUCKET, key: 'plain.bin' },
          target: { bucket: 'relay-two', path: 'in/other.bin' },
          options: { onExisting: 'overwrite', sliceSize: 524_288 },
        };

        const { body } = await bed.call('POST', '/transfers', { json });
        await bed.stack.machine.idle();

        expect(body.options).toMatchObject({ onExisting: 'overwrite', sliceSize: 524_288 });
        expect((await stored('in/other.bin', 'relay-two')).equals(content)).toBe(true);
      });

      test('an Idempotency-Key names the transfer even after the object changed, and nothing else', async () => {
        await bed.put('keyed.bin', content);
        const headers = { 'idempotency-key': 'one order' };
        const json = { source: { bucket: SOURCE_BUCKET, key: 'keyed.bin' } };

        const first = await bed.call('POST', '/transfers', { json, headers });
        await bed.stack.machine.idle();
        await bed.put('keyed.bin', content.subarray(1));
        const again = await bed.call('POST', '/transfers', { json, headers });
        const unkeyed = await bed.call('POST', '/transfers', { json });
        const reused = await bed.call('POST', '/transfers', {
          json: { ...json, target: { path: 'x' } },
          headers,
        });
        await bed.stack.machine.idle();

        expect(again.body.id).toBe(first.body.id);
        expect(unkeyed.body.id).not.toBe(first.body.id);
        expect(reused).toMatchObject({ status: 422, body: { type: typeOf('idempotency-key-reused') } });
      });

      test('what an event has started already is not started again', async () => {
        const dropped = await bed.put('twice.bin', randomBytes(21 * MIB));
        const id = await faulty(stall(20, 700, { op: 'upload_slice_data' }), async () => {
          await bed.stack.announce(dropped);
          const json = { source: { bucket: SOURCE_BUCKET, key: 'twice.bin' } };
          const running = await untilSending('twice.bin');
          const { body } = await bed.call('POST', '/transfers', { json });
          expect(body.id).toBe(running);
          return running;
        });
        await bed.stack.machine.idle();

        expect((await bed.call('GET', `/transfers/${id}`)).body.state).toBe('stored');
      });

      test('a source that is not there, or not readable, is named', async () => {
        const json = { source: { bucket: SOURCE_BUCKET, key: 'nowhere.bin' } };
        const gone = await bed.call('POST', '/transfers', { json });
        expect(gone).toMatchObject({ status: 422, body: { type: typeOf('source-missing') } });

        await bed.put('trouble.bin', content);
        bed.stack.s3?.inject({
          op: 'head',
          key: 'trouble.bin',
          act: { kind: 'status', status: 503, code: 'SlowDown' },
        });
        const other = { source: { bucket: SOURCE_BUCKET, key: 'trouble.bin' } };
        const trouble = await bed.call('POST', '/transfers', { json: other });
        bed.stack.s3?.clearFaults();
        expect(trouble).toMatchObject({ status: 503, body: { type: typeOf('source-unavailable') } });
        expect(trouble.headers['retry-after']).toBe('5');
      });

      test('nothing outside ALLOWED_SOURCES and ALLOWED_TARGETS is reached', async () => {
        const source = { bucket: SOURCE_BUCKET, key: 'plain.bin' };
        const bodies = [
          { source: { ...source, bucket: 'secrets' } },
          { source, target: { bucket: 'relay-three' } },
          { source, target: { bucket: 'relay-two', path: 'out/of/prefix' } },
          { target: { bucket: 'relay-two', path: 'inner' }, size: 1 },
        ];
        for (const json of bodies) {
          const answer = await bed.call('POST', '/transfers', { json });
          expect(answer).toMatchObject({ status: 403, body: { type: typeOf('not-allowed') } });
        }
      });
    });

    describe('a request that is not well formed', () => {
      test('is told every bad field at once', async () => {
        const json = {
          target: { path: 'a/../b', region: 'gz' },
          size: -1,
          sliceSize: 7,
          sha1: 'zz',
          color: 'red',
        };
        const { status, body } = await bed.call('POST', '/transfers', { json });

        expect(status).toBe(400);
        expect(body.errors.map((error: { field: string }) => error.field).sort()).toEqual([
          'body.color',
          'body.sha1',
          'body.size',
          'body.sliceSize',
          'body.target.path',
          'body.target.region',
        ]);
      });

      test('keys with "..", control characters or of undue length are refused', async () => {
        const keys = ['../up', 'a/../b', 'nul\0', 'tab\t', 'x'.repeat(1_025), '长'.repeat(400), '\ud800'];
        for (const key of keys) {
          const asSource = await bed.call('POST', '/transfers', {
            json: { source: { bucket: SOURCE_BUCKET, key } },
          });
          expect(asSource).toMatchObject({ status: 400, body: { errors: [{ field: 'body.source.key' }] } });
        }
        for (const path of ['../up', 'a//b', '/a', 'a/', 'del\u007f', 'y'.repeat(7_000)]) {
          const asTarget = await bed.call('POST', '/transfers', { json: { target: { path }, size: 1 } });
          expect(asTarget.status).toBe(400);
          expect(asTarget.body.errors[0].field).toBe('body.target.path');
        }
      });

      test('a key that COS cannot hold asks for a target path', async () => {
        const answer = await bed.call('POST', '/transfers', {
          json: { source: { bucket: SOURCE_BUCKET, key: 'folder/' } },
        });
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'body.source.key' }] } });
      });

      test('the body must be JSON, of that type, and small', async () => {
        const headers = { 'content-type': 'application/json' };
        const bytes = Buffer.from('{"size":');
        const large = Buffer.from(JSON.stringify({ target: { path: 'x'.repeat(70_000) } }));

        expect((await bed.call('POST', '/transfers', { bytes, headers })).body.type).toBe(
          typeOf('bad-request'),
        );
        expect((await bed.call('POST', '/transfers', { bytes })).status).toBe(415);
        expect((await bed.call('POST', '/transfers', { bytes: large, headers })).status).toBe(413);
      });

      test('bad queries and ids', async () => {
        const bad = ['state=gone', 'limit=0', 'limit=101', 'limit=x', 'cursor=!', 'cursor=bm90b3Vycw'];
        for (const query of bad) expect((await bed.call('GET', `/transfers?${query}`)).status).toBe(400);
        for (const [method, path] of [
          ['GET', ''],
          ['DELETE', ''],
          ['GET', '/slices'],
          ['POST', '/finish'],
        ] as const) {
          const answer = await bed.call(method, `/transfers/${'0'.repeat(40)}${path}`);
          expect(answer).toMatchObject({ status: 404, body: { type: typeOf('unknown-transfer') } });
        }
        expect((await putPiece('nobody', 0)).status).toBe(404);
      });
    });

    describe('an upload that the client drives', () => {
      test('goes on with nothing but the id, and ends with a receipt', async () => {
        const { status, body, id, path } = await openUpload();
        expect(status).toBe(202);
        expect(body).toMatchObject({ state: 'sending', sliceSize: MIB, serial: false });
        expect((await bed.call('GET', `/transfers/${id}/slices`)).body.missing).toHaveLength(3);

        const md5 = hash('md5', pieces[0] ?? '', 'hex');
        expect((await putPiece(id, 0)).body).toEqual({ offset: 0, length: MIB, md5 });
        expect((await putPiece(id, 2)).body).toMatchObject({ offset: 2 * MIB, length: MIB / 2 });

        const left = await bed.call('GET', `/transfers/${id}/slices`);
        expect(left.body).toMatchObject({
          slices: { total: 3, held: 2 },
          bytes: { held: 1.5 * MIB },
          held: [
            { offset: 0, length: MIB },
            { offset: 2 * MIB, length: MIB / 2 },
          ],
          missing: [{ offset: MIB, length: MIB }],
        });
        const early = await bed.call('POST', `/transfers/${id}/finish`);
        expect(early).toMatchObject({
          status: 409,
          body: { type: typeOf('slices-missing'), missing: [{ offset: MIB, length: MIB }], missingCount: 1 },
        });

        await putPiece(id, 1);
        const receipt = await bed.call('POST', `/transfers/${id}/finish`);
        expect(receipt.status).toBe(200);
        expect(receipt.body).toMatchObject({
          transferId: id,
          how: 'sent',
          verified: { size: content.length },
        });
        expect(receipt.body.slices).toMatchObject({ total: 3, md5Verified: 3 });
        expect((await stored(path)).equals(content)).toBe(true);

        expect((await bed.call('POST', `/transfers/${id}/finish`)).body).toEqual(receipt.body);
        expect((await bed.call('GET', `/transfers/${id}/slices`)).body).toMatchObject({
          state: 'stored',
          missing: [],
        });
        expect(await putPiece(id, 1)).toMatchObject({ status: 409, body: { type: typeOf('already-over') } });
        expect(await bed.call('DELETE', `/transfers/${id}`)).toMatchObject({ status: 409 });
      });

      test('a slice is checked before COS sees it', async () => {
        const { id } = await openUpload();
        const at = (offset: string | number, bytes: Uint8Array, headers: Record<string, string> = {}) =>
          bed.call('PUT', `/transfers/${id}/slices/${offset}`, { bytes, headers });
        const [piece = content] = pieces;
        const of = (algorithm: string) => hash(algorithm, piece, 'base64');
        const problem = async (answer: ReturnType<typeof at>) => {
          const { status, body } = await answer;
          return `${status} ${String(body.type).split(':').at(-1)}`;
        };

        expect(await problem(at(0, piece.subarray(1)))).toBe('422 slice-length');
        expect(await problem(at(0, Buffer.alloc(MIB + 1)))).toBe('413 slice-too-large');
        expect(await problem(at(0, Buffer.alloc(3 * MIB + 1)))).toBe('413 slice-too-large');
        expect(await problem(at(7, piece))).toBe('422 no-such-slice');
        expect(await problem(at(3 * MIB, piece))).toBe('422 no-such-slice');
        expect(await problem(at('one', piece))).toBe('400 bad-request');
        expect(
          await problem(
            at(0, piece, { 'content-md5': of('md5').replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) }),
          ),
        ).toBe('422 digest-mismatch');
        expect(await problem(at(0, piece, { 'content-md5': 'nonsense' }))).toBe('400 bad-request');
        expect(await problem(at(0, piece, { digest: `MD5=${hash('md5', 'other', 'base64')}` }))).toBe(
          '422 digest-mismatch',
        );
        expect(await problem(at(0, piece, { 'content-digest': 'sha-256=:AAAA:' }))).toBe('400 bad-request');
        expect(await problem(at(0, piece, { 'content-type': 'application/json' }))).toBe(
          '415 unsupported-media-type',
        );

        const good = {
          'content-md5': of('md5'),
          digest: `sha=${of('sha1')},SHA-256=${of('sha256')}, crc32c=x`,
          'content-digest': `sha-512=:${of('sha512')}:`,
        };
        expect((await at(0, piece, good)).status).toBe(200);
      });

      if (scope === 'wire') return;

      test('the same body, or the same Idempotency-Key, gives the same upload', async () => {
        const { id, path } = await openUpload();
        await putPiece(id, 0);
        expect((await openUpload(path)).id).toBe(id);
        expect((await bed.call('GET', `/transfers/${id}/slices`)).body.slices.held).toBe(1);

        const headers = { 'idempotency-key': `file ${path}` };
        const json = { target: { path: fresh() }, size: 5 };
        const [one, two] = [
          await bed.call('POST', '/transfers', { json, headers }),
          await bed.call('POST', '/transfers', { json, headers }),
        ];
        expect(two.body.id).toBe(one.body.id);
      });

      test('of many callers at once one opens it, and all see the same', async () => {
        const path = fresh();
        const all = await Promise.all(Array.from({ length: 8 }, () => openUpload(path)));

        expect(new Set(all.map(({ id }) => id)).size).toBe(1);
        expect(all.every(({ status }) => status === 202)).toBe(true);
        const inits = bed.cos.log.filter((each) => each.op === 'upload_slice_init' && each.path === path);
        expect(inits.length).toBeLessThanOrEqual(2); // the first may find its directory missing
        expect((await putPiece(all[0]?.id ?? '', 0)).status).toBe(200);
      });

      test('while one caller opens it, the others are asked to wait', async () => {
        const path = fresh();
        await faulty(stall(1, 1_500, { op: 'upload_slice_init' }), async () => {
          const opening = openUpload(path);
          await new Promise((resolve) => setTimeout(resolve, 500));
          const other = await openUpload(path);
          expect(other).toMatchObject({ status: 202, body: { state: 'opening' } });
          for (const answer of [
            await bed.call('GET', `/transfers/${other.id}/slices`),
            await putPiece(other.id, 0),
            await bed.call('POST', `/transfers/${other.id}/finish`),
          ]) {
            expect(answer).toMatchObject({ status: 409, body: { type: typeOf('not-open') } });
            expect(answer.headers['retry-after']).toBe('1');
          }
          expect((await opening).body).toMatchObject({ id: other.id, state: 'sending' });
        });
      });

      test('an opening whose answer was lost (-4019) is taken up', async () => {
        const { status, body, id } = await faulty(loseAnswer(1, { op: 'upload_slice_init' }), () =>
          openUpload(),
        );

        expect(status).toBe(202);
        expect(body.state).toBe('sending');
        expect((await putPiece(id, 0)).status).toBe(200);
      });

      test('a session that COS lost is told, and opened anew by asking for the slices', async () => {
        const { id, path } = await openUpload();
        await putPiece(id, 0);
        const lost = await faulty(forgetSession(1), () => putPiece(id, 1));
        expect(lost).toMatchObject({ status: 409, body: { type: typeOf('session-lost') } });
        expect((await bed.call('POST', `/transfers/${id}/finish`)).status).toBe(409);

        expect((await bed.call('GET', `/transfers/${id}/slices`)).body.missing).toHaveLength(3);
        for (const index of [0, 1, 2]) await putPiece(id, index);
        expect((await bed.call('POST', `/transfers/${id}/finish`)).status).toBe(200);
        expect((await stored(path)).equals(content)).toBe(true);
      });

      test('a slice sent again does no harm', async () => {
        const { id, path } = await openUpload();
        for (const index of [0, 1, 1, 2, 0]) expect((await putPiece(id, index)).status).toBe(200);
        expect((await bed.call('POST', `/transfers/${id}/finish`)).status).toBe(200);
        expect((await stored(path)).equals(content)).toBe(true);
      });

      test('other bytes for a confirmed slice are refused, and the receipt counts what happened', async () => {
        const { id, path } = await openUpload();
        await putPiece(id, 0);
        const answer = await bed.call('PUT', `/transfers/${id}/slices/0`, { bytes: randomBytes(MIB) });
        for (const index of [0, 1, 2, 1]) await putPiece(id, index);
        const { body } = await bed.call('POST', `/transfers/${id}/finish`);

        expect(answer).toMatchObject({ status: 409, body: { type: typeOf('slice-differs') } });
        expect(body.slices).toEqual({ total: 3, sent: 3, alreadyHeld: 0, resent: 2, md5Verified: 3 });
        expect((await stored(path)).equals(content)).toBe(true);
      });

      test('slices and finishes that cross each other end in one receipt', async () => {
        const { id, path } = await openUpload();
        const puts = await Promise.all([0, 1, 2, 2, 1, 0].map((index) => putPiece(id, index)));
        expect(puts.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);

        const finished = await Promise.all([1, 2, 3].map(() => bed.call('POST', `/transfers/${id}/finish`)));
        for (const answer of finished) expect(answer).toMatchObject({ status: 200, body: finished[0]?.body });
        expect((await stored(path)).equals(content)).toBe(true);
      });

      test('a finish whose answer was lost is found done', async () => {
        const { id } = await openUpload();
        for (const index of [0, 1, 2]) await putPiece(id, index);
        const act = doneButFailed(1, 400, -5999, { op: 'upload_slice_finish' });
        const answer = await faulty(act, () => bed.call('POST', `/transfers/${id}/finish`));
        expect(answer).toMatchObject({ status: 200, body: { transferId: id } });
      });

      test('a slice that arrives damaged is sent again, and never counts as held while it is', async () => {
        const { id } = await openUpload();
        expect((await faulty(corrupt(1), () => putPiece(id, 0))).status).toBe(200);
        const broken = await faulty(corrupt(100), () => putPiece(id, 1));

        expect(broken).toMatchObject({ status: 502, body: { type: typeOf('slice-corrupt') } });
        const { missing } = (await bed.call('GET', `/transfers/${id}/slices`)).body;
        expect(missing.map(({ offset }: { offset: number }) => offset)).toEqual([MIB, 2 * MIB]);
      });

      test('what is in the way is told by name', async () => {
        const first = await openUpload();
        const other = await bed.call('POST', '/transfers', {
          json: { target: { path: first.path }, size: 9 },
        });
        expect(other).toMatchObject({ status: 409, body: { type: typeOf('target-busy') } });
        expect(other.headers['retry-after']).toBe('30');

        for (const index of [0, 1, 2]) await putPiece(first.id, index);
        await bed.call('POST', `/transfers/${first.id}/finish`);
        const fail = { options: { onExisting: 'fail' } };
        const exists = await openUpload(first.path, { ...fail, sha1: 'a'.repeat(40) });
        expect(exists).toMatchObject({ status: 409, body: { type: typeOf('target-exists') } });
        const shown = await bed.call('GET', `/transfers?state=failed`);
        expect(shown.body.transfers[0]).toMatchObject({ reason: { error: 'TargetExists' } });
      });

      test('an unfinished upload that is not ours is left alone when asked so', async () => {
        const path = fresh();
        const target = { region: 'gz', appId: '1250000000', bucket: 'relay', path };
        const { cos } = bed.stack.services;
        await cos.createDirectory({ ...target, path: 'up/' }, AbortSignal.timeout(60_000));
        const request = { size: 2 * MIB, sliceSize: MIB, insertOnly: true };
        await cos.open(target, request, AbortSignal.timeout(60_000));

        const left = await openUpload(path, { options: { onForeignUpload: 'fail' } });
        expect(left).toMatchObject({ status: 409, body: { type: typeOf('foreign-upload') } });
        expect(await bed.cos.unfinished('relay', path)).toBeDefined();

        const taken = await openUpload(path);
        expect(taken.status).toBe(202);
      });

      test('slices and missing slices come in pages', async () => {
        const json = { target: { path: fresh() }, size: 10 * MIB };
        const { body } = await bed.call('POST', '/transfers', { json });
        const found: number[] = [];
        for (let from: number | undefined = 0; from !== undefined; ) {
          const page = await bed.call('GET', `/transfers/${body.id}/slices?from=${from}&limit=4`);
          found.push(...page.body.missing.map(({ offset }: { offset: number }) => offset / MIB));
          from = page.body.next;
        }
        expect(found).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      test('a transfer that the relay carries takes no slices', async () => {
        await bed.put('carried.bin', randomBytes(21 * MIB));
        await faulty(stall(50, 400, { op: 'upload_slice_data' }), async () => {
          const json = { source: { bucket: SOURCE_BUCKET, key: 'carried.bin' } };
          const { body } = await bed.call('POST', '/transfers', { json });
          await untilSending('carried.bin');

          expect(await putPiece(body.id, 0)).toMatchObject({
            status: 409,
            body: { type: typeOf('not-client-driven') },
          });
          expect(await bed.call('POST', `/transfers/${body.id}/finish`)).toMatchObject({ status: 409 });
          expect((await bed.call('GET', `/transfers/${body.id}/slices`)).body).toMatchObject({
            slices: { total: 21 },
          });
          const gone = await bed.call('DELETE', `/transfers/${body.id}`);
          expect(gone).toMatchObject({ status: 200, body: { state: 'cancelled' } });
        });
        await bed.stack.machine.idle();
      });
    });

    describe('watching and cancelling', () => {
      test('progress counts what was confirmed', async () => {
        const { id } = await openUpload();
        await putPiece(id, 0);
        await putPiece(id, 1);

        const { progress } = (await bed.call('GET', `/transfers/${id}`)).body;
        expect(progress).toMatchObject({
          bytes: { total: content.length, held: 2 * MIB },
          slices: { total: 3, held: 2 },
        });
        expect(progress.bytesPerSecond).toBeGreaterThan(0);
        expect(progress.secondsLeft).toBeGreaterThan(0);
      });

      test('pages hold every transfer once, newest first', async () => {
        for (let made = 0; made < 10; made += 1) await openUpload(); // more than any three pages hold, whatever ran before
        for (const state of ['', '&state=sending', '&state=stored', '&state=cancelled']) {
          const pages: { id: string; createdAt: number; state: string }[] = [];
          for (let cursor = ''; ; ) {
            const { body } = await bed.call('GET', `/transfers?limit=3${state}${cursor}`);
            pages.push(...body.transfers);
            if (body.next === undefined) break;
            cursor = `&cursor=${body.next}`;
          }
          const times = pages.map(({ createdAt }) => createdAt);
          expect(times).toEqual([...times].sort((a, b) => b - a));
          expect(new Set(pages.map(({ id }) => id)).size).toBe(pages.length);
          if (state === '') expect(pages.length).toBeGreaterThan(10);
          else expect(new Set(pages.map((page) => `&state=${page.state}`)).size).toBeLessThanOrEqual(1);
        }
      });

      test('a cancelled upload is gone from COS, and begins anew when asked for again', async () => {
        const { id, path } = await openUpload();
        await putPiece(id, 0);
        expect((await bed.call('DELETE', `/transfers/${id}`)).body.state).toBe('cancelled');
        expect((await bed.call('DELETE', `/transfers/${id}`)).body.state).toBe('cancelled');
        expect(await bed.cos.unfinished('relay', path)).toBeUndefined();
        expect(await bed.call('GET', `/transfers/${id}/slices`)).toMatchObject({ status: 409 });

        const again = await openUpload(path);
        expect(again.body).toMatchObject({ id, state: 'sending' });
        expect((await bed.call('GET', `/transfers/${id}/slices`)).body.missing).toHaveLength(3);
      });

      test('keepUpload leaves what COS holds', async () => {
        const { id, path } = await openUpload();
        await putPiece(id, 0);
        await bed.call('DELETE', `/transfers/${id}?keepUpload=true`);

        await openUpload(path);
        expect((await bed.call('GET', `/transfers/${id}/slices`)).body.slices.held).toBe(1);
      });
    });

    if (scope === 'wire') return;

    describe('trouble of COS', () => {
      test.each([
        ['too many requests', busy(50), 429, 'too-many-requests', -71],
        ['an error page', errorPage(50), 503, 'cos-unavailable', undefined],
        ['a refusal', refuse(50, 400, -5999), 502, 'cos-refused', -5999],
        ['a signature it does not accept', refuse(50, 403, -48), 502, 'cos-refused', -48],
      ])('%s', async (_, fault, status, kind, cosCode) => {
        const { id } = await openUpload();
        const answers = await faulty(fault, async () => [
          await putPiece(id, 0),
          await bed.call('GET', `/transfers/${id}/slices`),
          await openUpload(),
        ]);

        for (const answer of answers) {
          expect(answer).toMatchObject({ status, body: { type: typeOf(kind) } });
          expect(answer.body.cosCode).toBe(cosCode);
          if (cosCode !== undefined) expect(answer.body.requestId).toMatch(/\S/);
          expect(JSON.stringify(answer)).not.toMatch(/local-secret-key|AKIDlocal|\bat .*\.ts:/);
          if (status === 429 || status === 503)
            expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
        }
        expect((await putPiece(id, 0)).status).toBe(200);
      });
    });

    /** The id of the relay of this key, once its upload is open. */
    async function untilSending(key: string): Promise<string> {
      for (;;) {
        const { body } = await bed.call('GET', '/transfers?state=sending&limit=100');
        const found = body.transfers.find((one: { source: { key: string } }) => one.source.key === key);
        if (found) return found.id;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  });
}
