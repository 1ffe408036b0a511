import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { startApi } from '../../local/stack/api/server.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { routes } from '../../shared/lambda/http/routes.ts';
import { accessTable, claimsOf } from '../kit/access-table.ts';
import { type ApiBed, apiBed, MIB, rawSend, type Send, type Sent, TOKEN, typeOf } from '../kit/api-bed.ts';

const WHOSE = ["one's own", "another caller's", 'begun by an event', 'out of reach'] as const;
type Whose = (typeof WHOSE)[number];
const SIZE = 21 * MIB;
const slice = randomBytes(MIB);

describe.each(['own', 'shared'] as const)('two callers, API_ACCESS=%s', (API_ACCESS) => {
  let bed: ApiBed;
  let pool: Pool;
  let as: (who: 'a' | 'b') => Send;
  let close: () => Promise<void>;
  let count = 0;
  beforeAll(async () => {
    bed = await apiBed({ env: { API_ACCESS, ALLOWED_TARGETS: 'relay/' } });
    // the same stack, reached by strangers, who may write less than whoever began the rest
    const narrow = { ...bed.stack.services.config, ALLOWED_TARGETS: [{ bucket: 'relay', prefix: 'in/' }] };
    const others = new Map([
      ['token-a', claimsOf('a')],
      ['token-b', claimsOf('b')],
    ]);
    const api = await startApi({ services: { ...bed.stack.services, config: narrow }, token: TOKEN, others });
    pool = new Pool(api.origin);
    as = (who) => rawSend(pool, { authorization: `Bearer token-${who}` });
    close = async () => {
      await pool.destroy();
      await api.close();
    };
  });
  afterAll(async () => {
    bed.cos.clearFaults();
    await close();
    await bed.stack.machine.idle();
    await bed.close();
  });

  /** A running transfer of that kind, as caller A meets it, and the request that began it. */
  async function made(whose: Whose): Promise<{ id: string; json: object }> {
    count += 1;
    const begin = async (send: Send, path: string) => {
      const json = { target: { path }, size: 2 * MIB };
      const { status, body } = await send('POST', '/transfers', { json });
      expect(status).toBe(202);
      return { id: String(body.id), json };
    };
    switch (whose) {
      case "one's own":
        return begin(as('a'), `in/own-${count}`);
      case "another caller's":
        return begin(as('b'), `in/other-${count}`);
      case 'out of reach':
        return begin(bed.call, `out/of-${count}`);
      case 'begun by an event': {
        const key = `in/event-${count}`;
        bed.cos.inject(stall(1_000, 3_000, { op: 'upload_slice_data' }));
        await bed.stack.announce(await bed.put(key, randomBytes(SIZE)));
        for (;;) {
          const { body } = await bed.call('GET', '/transfers?state=sending&limit=100');
          const found = body.transfers.find((one: { source: { key: string } }) => one.source.key === key);
          if (found) return { id: found.id, json: { source: { bucket: SOURCE_BUCKET, key } } };
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    }
  }

  test.each(WHOSE)('what caller A may do to what is %s is what docs/api.md says (A1)', async (whose) => {
    const table = await accessTable(`\`API_ACCESS=${API_ACCESS}\``, WHOSE);
    const { id, json } = await made(whose);
    const ask = async (call: string, sent?: Sent): Promise<string> => {
      const [method = '', path = ''] = call.split(' ');
      const url = path.replace('{id}', id).replace('{offset}', '0');
      const answer = await as('a')(method, url, sent);
      if (answer.status === 404) expect(answer.body.type).toBe(typeOf('unknown-transfer'));
      return String(answer.status);
    };
    const answers: [call: string, answer: string][] = [];
    const note = async (call: string, sent?: Sent) => void answers.push([call, await ask(call, sent)]);

    await note('POST /transfers', { json });
    const listed = await as('a')('GET', '/transfers?limit=100');
    const ids = listed.body.transfers.map((one: { id: string }) => one.id);
    answers.push(['GET /transfers', ids.includes(id) ? 'shown' : 'hidden']);
    const { counts } = (await as('a')('GET', '/transfers?count=true')).body;
    expect(Object.values<number>(counts).reduce((sum, some) => sum + some, 0)).toBe(ids.length);
    await note('GET /transfers/{id}');
    await note('GET /transfers/{id}/slices');
    await note('GET /transfers/{id}/map');
    await note('PUT /transfers/{id}/slices/{offset}', { bytes: slice });
    await as('a')('PUT', `/transfers/${id}/slices/${MIB}`, { bytes: slice });
    if (
      whose === 'begun by an event' ||
      whose === 'out of reach' ||
      table.get('GET /transfers/{id}')?.[whose] === '404'
    )
      await note('POST /transfers/{id}/finish');
    else answers.push(['POST /transfers/{id}/finish', await finished(id)]);
    await note('DELETE /transfers/{id}');

    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries([...table].map(([call, cells]) => [call, cells[whose]])),
    );
  });

  /** Another upload of the same caller is finished, so that this one can still be cancelled. */
  async function finished(like: string): Promise<string> {
    const { body } = await as('a')('GET', `/transfers/${like}`);
    const { id } = await made(body.target.path.startsWith('in/own') ? "one's own" : "another caller's");
    for (const offset of [0, MIB])
      await as('a')('PUT', `/transfers/${id}/slices/${offset}`, { bytes: slice });
    return String((await as('a')('POST', `/transfers/${id}/finish`)).status);
  }

  test('the tables name every call about transfers', async () => {
    const calls = Object.values(routes)
      .filter(({ path }) => !path.startsWith('/backfills'))
      .map(({ method, path }) => `${method} ${path}`);
    const table = await accessTable(`\`API_ACCESS=${API_ACCESS}\``, WHOSE);

    expect([...table.keys(), 'GET /openapi.json'].sort()).toEqual(calls.sort());
  });
});

describe('strangers', () => {
  test('have ids of their own for the same request, and keys of their own', async () => {
    const others = new Map(['a', 'b'].map((who) => [`token-${who}`, claimsOf(who)] as const));
    const bed = await apiBed({}, { others });
    const pool = new Pool(bed.origin);
    const post = async (who: string, json: object, key?: string) => {
      const headers = { authorization: `Bearer token-${who}`, ...(key && { 'idempotency-key': key }) };
      return rawSend(pool, headers)('POST', '/transfers', { json });
    };
    const upload = { target: { path: 'same' }, size: 5 };
    const first = await post('a', upload);
    const again = await post('a', upload);
    const other = await post('b', upload);
    const operator = await bed.call('POST', '/transfers', { json: upload });
    const keyed = await post('a', { target: { path: 'k' }, size: 5 }, 'key');
    const keyedOther = await post('b', { target: { path: 'other' }, size: 6 }, 'key');
    await pool.destroy();
    await bed.close();

    expect(again.body.id).toBe(first.body.id);
    expect(other).toMatchObject({ status: 409, body: { type: typeOf('target-busy') } });
    expect(operator.status).toBe(409);
    expect([keyed.status, keyedOther.status]).toEqual([202, 202]);
  });

  test('leave no orphan when one key is used for two bodies at once (A5)', async () => {
    const bed = await apiBed();
    const headers = { 'idempotency-key': 'one key' };
    const ask = (path: string) =>
      bed.call('POST', '/transfers', { json: { target: { path }, size: 5 }, headers });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(at % 2 ? 'odd' : 'even')));
    const open = await bed.call('GET', '/transfers?state=opening');
    const sending = await bed.call('GET', '/transfers?state=sending');
    const keyOutOfReach = await bed.call('POST', '/transfers', {
      json: { target: { bucket: 'elsewhere', path: 'x' }, size: 5 },
      headers: { 'idempotency-key': 'another' },
    });
    const sameKey = await bed.call('POST', '/transfers', {
      json: { target: { path: 'fine' }, size: 5 },
      headers: { 'idempotency-key': 'another' },
    });
    await bed.close();

    expect(answers.map(({ status }) => status).filter((status) => status === 202)).toHaveLength(10);
    expect(open.body.transfers).toEqual([]);
    expect(sending.body.transfers).toHaveLength(1);
    expect([keyOutOfReach.status, sameKey.status]).toEqual([403, 202]);
  });
});
