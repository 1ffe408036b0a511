import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { putFile } from '../../local/s3/drop/drop.ts';
import { startApi } from '../../local/stack/api/server.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { beginBackfill } from '../../shared/backfill/begin-backfill.ts';
import { routes } from '../../shared/lambda/http/routes.ts';
import { accessTable, claimsOf } from '../kit/access-table.ts';
import { type ApiBed, apiBed, MIB, rawSend, type Send, TOKEN, typeOf } from '../kit/api-bed.ts';
import { REPORTS, requestOf } from '../kit/backfill-bed.ts';
import { bytesOf, seen, sendings } from '../kit/relay-bed.ts';

const WHOSE = ["one's own", "another caller's", "an operator's", 'out of reach'] as const;
type Whose = (typeof WHOSE)[number];

/** Callers A and B, who may read what is under `in/` only; the bed's own caller may read all. */
async function openCallers(bed: ApiBed) {
  const ALLOWED_SOURCES = [{ bucket: SOURCE_BUCKET, prefix: 'in/' }];
  const config = { ...bed.stack.services.config, ALLOWED_SOURCES };
  const others = new Map(['a', 'b'].map((who) => [`token-${who}`, claimsOf(who)] as const));
  const api = await startApi({ services: { ...bed.stack.services, config }, token: TOKEN, others });
  const pool = new Pool(api.origin);
  return {
    as: (who: 'a' | 'b'): Send => rawSend(pool, { authorization: `Bearer token-${who}` }),
    async close() {
      await pool.destroy();
      await api.close();
    },
  };
}

describe.each(['own', 'shared'] as const)('two callers, API_ACCESS=%s', (API_ACCESS) => {
  let bed: ApiBed;
  let callers: Awaited<ReturnType<typeof openCallers>>;
  const begun: string[] = [];
  beforeAll(async () => {
    bed = await apiBed({ env: { API_ACCESS } });
    callers = await openCallers(bed);
    for (const key of ['in/one', 'in/two', 'out/one']) await bed.put(key, bytesOf(key, 100));
  });
  afterAll(async () => {
    await callers.close();
    for (const id of begun) await bed.stack.backfills.ended(id);
    await bed.close();
  });

  const inside = { source: { bucket: SOURCE_BUCKET, prefix: 'in/' }, filters: { minSize: 1 } };
  const outside = { source: { bucket: SOURCE_BUCKET, prefix: 'out/' } };

  /** A running backfill of that kind, as caller A meets it, and the request that began it. */
  async function made(whose: Whose): Promise<{ id: string; json: object }> {
    const begin = async (send: Send, json: object) => {
      const { status, body } = await send('POST', '/backfills', { json });
      expect(status).toBe(202);
      return { id: String(body.id), json };
    };
    switch (whose) {
      case "one's own":
        return begin(callers.as('a'), inside);
      case "another caller's":
        return begin(callers.as('b'), inside);
      case "an operator's": {
        const source = { kind: 'bucket', ...inside.source } as const;
        return { id: (await beginBackfill(requestOf({ source }), '', bed.stack.services)).id, json: inside };
      }
      case 'out of reach':
        return begin(bed.call, outside);
    }
  }

  test.each(WHOSE)(
    'what caller A may do to a backfill that is %s is what docs/api.md says',
    async (whose) => {
      const table = await accessTable(`\`API_ACCESS=${API_ACCESS}\`, backfills`, WHOSE);
      bed.cos.inject(stall(1_000, 1_000)); // it still runs when it is asked about
      const { id, json } = await made(whose);
      await untilBegun(bed, id);
      const ask = async (call: string, sent?: object): Promise<string> => {
        const [method = '', path = ''] = call.split(' ');
        const answer = await callers.as('a')(method, path.replace('{id}', id), sent && { json: sent });
        if (answer.status === 202) begun.push(answer.body.id);
        if (answer.status === 404) expect(answer.body.type).toBe(typeOf('unknown-backfill'));
        return String(answer.status);
      };
      const answers: [call: string, answer: string][] = [];
      const note = async (call: string, sent?: object) => void answers.push([call, await ask(call, sent)]);

      const listed = await callers.as('a')('GET', '/backfills?limit=100');
      const ids = listed.body.backfills.map((one: { id: string }) => one.id);
      answers.push(['GET /backfills', ids.includes(id) ? 'shown' : 'hidden']);
      await note('GET /backfills/{id}');
      await note('PATCH /backfills/{id}', { concurrency: 3 });
      await note('DELETE /backfills/{id}');
      bed.cos.clearFaults();
      await bed.stack.backfills.ended(id);
      await note('GET /backfills/{id}/report');
      await note('POST /backfills', json);

      expect(Object.fromEntries(answers)).toEqual(
        Object.fromEntries([...table].map(([call, cells]) => [call, cells[whose]])),
      );
    },
  );

  test('the tables name every call about backfills', async () => {
    const calls = Object.values(routes)
      .filter(({ path }) => path.startsWith('/backfills'))
      .map(({ method, path }) => `${method} ${path}`);

    expect([...(await accessTable(`\`API_ACCESS=${API_ACCESS}\`, backfills`, WHOSE)).keys()].sort()).toEqual(
      calls.sort(),
    );
  });
});

describe('a backfill by the API', () => {
  const opened = async (env: Record<string, string> = {}): Promise<ApiBed> => {
    const bed = await apiBed({ env });
    onTestFinished(() => bed.close());
    return bed;
  };
  const put = async (bed: ApiBed, ...keys: string[]) => {
    for (const key of keys) await bed.put(key, bytesOf(key, 100));
  };
  const start = async (send: Send, json: object, headers: Record<string, string> = {}): Promise<string> => {
    const { status, body } = await send('POST', '/backfills', { json, headers });
    expect([status, body]).toEqual([202, expect.objectContaining({ state: 'running' })]);
    return body.id;
  };
  const keysOf = (lines: readonly { key: string }[]) => lines.map(({ key }) => key).sort();

  test('carries, tells how far it is, and its report has a line for each object, in pages', async () => {
    const bed = await opened();
    const keys = Array.from({ length: 7 }, (_, at) => `in/${at}`);
    await put(bed, ...keys);
    const id = await start(bed.call, { source: { bucket: SOURCE_BUCKET } });
    await bed.stack.backfills.ended(id);

    const { body } = await bed.call('GET', `/backfills/${id}`);
    const pages: { key: string }[] = [];
    for (let cursor = ''; ; ) {
      const page = await bed.call('GET', `/backfills/${id}/report?limit=3${cursor}`);
      pages.push(...page.body.lines);
      if (page.body.next === undefined) break;
      cursor = `&cursor=${page.body.next}`;
    }
    const none = await bed.call('GET', `/backfills/${id}/report?outcome=failed`);

    expect(body).toMatchObject({
      state: 'complete',
      progress: { total: 7, outcomes: { stored: { objects: 7, bytes: 700 } } },
      summary: { troubles: 0 },
    });
    expect(keysOf(pages)).toEqual(keys);
    expect(none.body).toMatchObject({ lines: [], summary: { objects: 7 } });
  });

  test('of a list, what the caller may not read or write fails by name, and is not sent', async () => {
    const bed = await opened({ ALLOWED_SOURCES: `${SOURCE_BUCKET}/in/` });
    const callers = await openCallers(bed);
    onTestFinished(() => callers.close());
    await put(bed, 'in/mine', 'out/theirs');
    const list = { bucket: SOURCE_BUCKET, key: 'in/list.jsonl' };
    await putFile(bed.stack.root, list, '{"key":"in/mine"}\n{"key":"out/theirs"}\n');
    const id = await start(callers.as('a'), { source: { bucket: SOURCE_BUCKET, list } });
    await bed.stack.backfills.ended(id);

    const { body } = await callers.as('a')('GET', `/backfills/${id}/report`);
    const elsewhere = { source: { bucket: SOURCE_BUCKET, list: { ...list, key: 'out/list.jsonl' } } };
    const refused = await callers.as('a')('POST', '/backfills', { json: elsewhere });

    expect(body.lines).toEqual([
      expect.objectContaining({ key: 'in/mine', outcome: 'stored' }),
      expect.objectContaining({
        key: 'out/theirs',
        reason: expect.objectContaining({ error: 'NotAllowed' }),
      }),
    ]);
    expect(await bed.cos.file('relay', 'out/theirs')).toBeUndefined();
    expect(refused).toMatchObject({ status: 403, body: { type: typeOf('not-allowed') } });
    for (const source of [
      { bucket: SOURCE_BUCKET },
      { bucket: 'other', list },
      { bucket: SOURCE_BUCKET, list: { bucket: REPORTS, key: 'in/list.jsonl' } },
    ])
      expect((await callers.as('a')('POST', '/backfills', { json: { source } })).status).toBe(403);
  });

  test('a check with extra finds what is in COS only, and its report has those files too', async () => {
    const bed = await opened();
    for (const key of ['in/one', 'in/two']) await bed.put(key, bytesOf(key, 100));
    await bed.stack.backfills.ended(await start(bed.call, { source: { bucket: SOURCE_BUCKET } }));
    await rm(join(bed.stack.root, SOURCE_BUCKET, 'in/two'));
    const json = { source: { bucket: SOURCE_BUCKET }, mode: 'check', extra: true };

    const id = await start(bed.call, json);
    await bed.stack.backfills.ended(id);

    const { body } = await bed.call('GET', `/backfills/${id}/report?outcome=extra`);
    expect(body).toMatchObject({
      summary: { state: 'complete', troubles: 1, outcomes: { equal: { objects: 1 }, extra: { objects: 1 } } },
      lines: [{ outcome: 'extra', key: 'in/two', size: 100 }],
    });
    const filtered = { ...json, filters: { minSize: 1 } };
    for (const refused of [filtered, { ...json, mode: 'carry' }])
      expect(await bed.call('POST', '/backfills', { json: refused })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'body.extra' }] },
      });
  });

  test('what failed is carried again by the id of the backfill it failed in', async () => {
    const bed = await opened();
    await put(bed, 'in/a');
    bed.cos.inject({ op: 'upload', times: 1, act: { kind: 'status', status: 403, code: -5 } });
    const first = await start(bed.call, { source: { bucket: SOURCE_BUCKET } });
    await bed.stack.backfills.ended(first);

    const again = await start(bed.call, { source: { failedOf: first } });
    await bed.stack.backfills.ended(again);
    const { body } = await bed.call('GET', `/backfills/${again}/report`);
    const nothing = await bed.call('POST', '/backfills', { json: { source: { failedOf: again } } });
    const unknown = await bed.call('POST', '/backfills', { json: { source: { failedOf: 'nowhere' } } });

    expect(body.summary).toMatchObject({ objects: 1, outcomes: { stored: { objects: 1 } } });
    expect(nothing).toMatchObject({ status: 409, body: { type: typeOf('no-report') } });
    expect(unknown).toMatchObject({ status: 404, body: { type: typeOf('unknown-backfill') } });
  });

  test('the same Idempotency-Key names the same backfill, and another body under it is refused', async () => {
    const bed = await opened();
    const json = { source: { bucket: SOURCE_BUCKET } };
    const headers = { 'idempotency-key': 'tonight' };
    const ids = await Promise.all([1, 2, 3].map(() => start(bed.call, json, headers)));
    const other = await bed.call('POST', '/backfills', { json: { ...json, mode: 'check' }, headers });
    await bed.stack.backfills.ended(ids[0] ?? '');

    expect(new Set(ids).size).toBe(1);
    expect(other).toMatchObject({ status: 422, body: { type: typeOf('idempotency-key-reused') } });
    expect((await bed.call('GET', '/backfills')).body.backfills).toHaveLength(1);
  });

  test('its concurrency changes while it runs; stopped it stays stopped, and the same request goes on', async () => {
    const bed = await opened();
    const keys = Array.from({ length: 40 }, (_, at) => `in/${at}`);
    await put(bed, ...keys);
    bed.cos.inject(stall(1_000, 300, { op: 'upload' }));
    const json = { source: { bucket: SOURCE_BUCKET }, concurrency: 1, batch: 1 };
    const id = await start(bed.call, json);
    await untilBegun(bed, id);

    const changed = await bed.call('PATCH', `/backfills/${id}`, { json: { concurrency: 2 } });
    const run = await bed.stack.backfills.look(id);
    const stopped = await bed.call('DELETE', `/backfills/${id}`);
    await bed.stack.backfills.ended(id);
    const twice = await bed.call('DELETE', `/backfills/${id}`);
    const late = await bed.call('PATCH', `/backfills/${id}`, { json: { concurrency: 2 } });
    bed.cos.clearFaults();
    const again = await start(bed.call, json);
    await bed.stack.backfills.ended(again);

    expect(changed).toMatchObject({ status: 200, body: { concurrency: 2 } });
    expect(run?.objects?.concurrency).toBe(2);
    expect(stopped).toMatchObject({ status: 200, body: { state: 'stopped', summary: { state: 'stopped' } } });
    expect(twice.body).toEqual(stopped.body);
    expect(late).toMatchObject({ status: 409, body: { type: typeOf('already-over') } });
    expect(stopped.body.summary.objects).toBeLessThan(40);
    expect((await bed.call('GET', `/backfills/${again}`)).body.summary.troubles).toBe(0);
    for (const key of keys) expect(await bed.cos.file('relay', key)).toBeDefined();
    expect(seen(bed.cos, 'upload').length).toBeLessThanOrEqual(42); // one of each batch may have been under way
  });

  test('stopped, it stops a large object too: no slice more is sent, and the same request goes on with what is missing', async () => {
    let calls = 0; // of functions under way: those of an execution that is stopped go on until they look
    const bed = await apiBed({
      env: { WATCH_MS: '20', SLICE_SIZE: '524288', MAX_IN_FLIGHT: '2' },
      machine: {
        meddle: async (_, work) => {
          calls += 1;
          return work().finally(() => {
            calls -= 1;
          });
        },
      },
    });
    onTestFinished(() => bed.close());
    await bed.put('large', bytesOf('large', 16 * MIB));
    bed.cos.inject(stall(1_000, 100, { op: 'upload_slice_data' }));
    const json = { source: { bucket: SOURCE_BUCKET } };
    const id = await start(bed.call, json);
    await expect.poll(() => sendings(bed.cos).size, { timeout: 60_000 }).toBeGreaterThan(2);

    await bed.call('DELETE', `/backfills/${id}`);
    await bed.stack.backfills.ended(id);
    await bed.stack.machine.idle();
    const [transfer] = (await bed.call('GET', '/transfers?state=failed')).body.transfers;
    await expect.poll(() => calls, { timeout: 60_000 }).toBe(0);
    const sent = sendings(bed.cos).size;
    bed.cos.clearFaults();
    await bed.stack.backfills.ended(await start(bed.call, json));

    expect(transfer).toMatchObject({ reason: { error: 'ExecutionAborted' } });
    expect(sent).toBeLessThan(32);
    expect((await bed.cos.file('relay', 'large'))?.size).toBe(16 * MIB);
    expect(seen(bed.cos, 'upload_slice_data').length).toBeLessThanOrEqual(32 + 4);
  });

  test('pages of backfills hold each once, newest first', async () => {
    const bed = await opened();
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) {
      const { id } = await beginBackfill(requestOf({ mode: 'plan' }), '', bed.stack.services);
      await bed.stack.backfills.ended(id);
      ids.unshift(id);
    }

    const found: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await bed.call('GET', `/backfills?limit=2${cursor}`);
      found.push(...body.backfills.map(({ id }: { id: string }) => id));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }

    expect(found).toEqual(ids);
  });

  test.each([
    ['no source', {}, 'body.source'],
    ['a field that is none', { source: { bucket: 'b' }, filter: {} }, 'body.filter'],
    ['no concurrency', { source: { bucket: 'b' }, concurrency: 0 }, 'body.concurrency'],
    ['a mode that is none', { source: { bucket: 'b' }, mode: 'move' }, 'body.mode'],
  ])('%s is told by its field', async (_, json, field) => {
    const bed = await opened();

    const { status, body } = await bed.call('POST', '/backfills', { json });

    expect([status, body.errors.map((one: { field: string }) => one.field)]).toEqual([400, [field]]);
  });
});

/** Until its batches are under way. */
async function untilBegun(bed: ApiBed, id: string): Promise<void> {
  while ((await bed.stack.backfills.look(id))?.objects?.total === undefined)
    await new Promise((resolve) => setTimeout(resolve, 10));
}
