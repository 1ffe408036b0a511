import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { type ApiBed, apiBed, typeOf } from '../kit/api-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';
import { sized } from '../kit/sized.ts';

const SLICE = 524_288;
const SIZE = 2 * SLICE + 100_000;
const OFFSETS = [0, SLICE, 2 * SLICE];
const ROUNDS = sized(16, 100);
const AT_ONCE = 5;
/** Longer than any hold, in ms. */
const HOLD_MS = 120_000;
/** An upload that was lost is opened anew by the next look. */
const LOOKS = 3;
/** What a call may be told while others end or begin the same upload again. */
const EXPECTED = new Set([
  'already-over',
  'not-open',
  'session-lost',
  'slices-missing',
  'slice-busy',
  'target-busy',
  'no-such-call',
]);

type Act = 'cancel' | 'finish' | 'post' | 'put';
type Said = { readonly act: Act; readonly status: number; readonly kind: string; readonly state: string };

describe(`${ROUNDS} races of cancel, finish, PUT and POST on one upload`, () => {
  let bed: ApiBed;
  let ahead = 0;
  beforeAll(async () => {
    bed = await apiBed({ env: { SLICE_SIZE: String(SLICE) }, wiring: { clock: () => Date.now() + ahead } });
    bed.cos.inject(stall(1_000_000, 10)); // every request takes long enough to be met by another
  });
  afterAll(() => bed.close());

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  const outcomes = new Map<string, number>();

  test('end in one truth: what the table says is what COS holds, and the path can be written again', async () => {
    const raced = await allOf(rounds, race);
    ahead = HOLD_MS; // a path may be held for a minute after a request that others took away
    const found = (await allOf(raced, judge)).flat();

    console.log(`ends: ${JSON.stringify(Object.fromEntries(outcomes))}`);
    expect(found).toEqual([]);
    expect([...outcomes.keys()].sort()).toEqual(expect.arrayContaining(['cancelled', 'sending', 'stored']));
  });

  /** One upload, and all that was said while it was raced for. */
  async function race(round: number): Promise<Raced> {
    const random = randomOf(round);
    const path = `race/${round}`;
    const content = bytesOf(`race ${round}`, SIZE);
    const older = round % 3 === 0 ? bytesOf(`older ${round}`, 1_000) : undefined;
    if (older) await upload(path, older, `older ${round}`);
    const json = { target: { path }, size: SIZE, options: { onExisting: 'overwrite' } };
    const post = () =>
      bed.call('POST', '/transfers', { json, headers: { 'idempotency-key': `race ${round}` } });
    const id = String((await post()).body.id);
    const isLeft = round % 4 === 1; // nobody cancels it, so it ends stored
    for (const offset of OFFSETS) if (isLeft || random() < 0.7) await put(id, content, offset);

    const acts = shuffled<Act>(['cancel', 'finish', 'put', 'post', ...more(random)], random).filter(
      (act) => !isLeft || act !== 'cancel',
    );
    const said = await Promise.all(
      acts.map(async (act): Promise<Said> => {
        await sleep(random() * 60);
        const answer = await {
          cancel: () => bed.call('DELETE', `/transfers/${id}`),
          finish: () => bed.call('POST', `/transfers/${id}/finish`),
          put: () => put(id, content, OFFSETS[Math.floor(random() * OFFSETS.length)] ?? 0),
          post,
        }[act]();
        const kind = String(answer.body.type ?? '').replace(typeOf(''), '');
        return { act, status: answer.status, kind, state: String(answer.body.state ?? '') };
      }),
    );
    if (round % 4 === 3) await post(); // begun again: for the client, all is as it was
    return { id, path, content, older, said };
  }

  type Raced = {
    readonly id: string;
    readonly path: string;
    readonly content: Buffer;
    readonly older: Buffer | undefined;
    readonly said: readonly Said[];
  };

  /** What is wrong after one race, a line each. */
  async function judge({ id, path, content, older, said }: Raced): Promise<string[]> {
    const { state } = (await bed.call('GET', `/transfers/${id}`)).body;
    outcomes.set(state, (outcomes.get(state) ?? 0) + 1);
    const wrong = said
      .filter(({ status, kind }) => status >= 400 && !EXPECTED.has(kind))
      .map(({ act, status, kind }) => `${act} was told ${status} ${kind}`);
    const file = await inCos(path);
    const isNew = file?.equals(content) ?? false;
    if (said.some(({ act, status }) => act === 'finish' && status === 200) && state !== 'stored')
      wrong.push(`a receipt was given, and the transfer is ${state}`);
    if (state === 'stored' && !isNew) wrong.push('stored, and COS does not hold it');
    if (state === 'cancelled' && isNew) wrong.push('cancelled, and COS holds it');
    if (state === 'cancelled' && older && !file?.equals(older))
      wrong.push('cancelled, and the older file is gone');
    if (state === 'cancelled' && !older && (await bed.cos.unfinished('relay', path)))
      wrong.push('cancelled, and COS keeps the unfinished upload');
    if (state === 'sending' || state === 'opening') wrong.push(...(await goOn(id, path, content)));
    const last = bytesOf(`last ${path}`, 1_000);
    const ended = await upload(path, last, `last ${path}`);
    if (ended !== 200 || !(await inCos(path))?.equals(last)) wrong.push(`the path is lost: ${ended}`);
    return wrong.map((line) => `${path}: ${line} after ${JSON.stringify(said)}`);
  }

  /** What is under way can be brought to its end, by who does what the answers say. */
  async function goOn(id: string, path: string, content: Buffer): Promise<string[]> {
    const told: string[] = [];
    for (let tries = 0; tries < LOOKS; tries += 1) {
      const { body } = await bed.call('GET', `/transfers/${id}/slices`);
      for (const { offset } of body.missing ?? []) await put(id, content, offset);
      const finished = await bed.call('POST', `/transfers/${id}/finish`);
      if (finished.status === 200 && (await inCos(path))?.equals(content)) return [];
      told.push(`${body.type ?? 'slices'} ${finished.body.type} ${finished.body.detail}`);
    }
    return [`under way, and cannot be finished: ${told.join(', ')}`];
  }

  const put = (id: string, content: Buffer, offset: number) =>
    bed.call('PUT', `/transfers/${id}/slices/${offset}`, {
      bytes: content.subarray(offset, Math.min(offset + SLICE, content.length)),
    });

  async function upload(path: string, content: Buffer, key: string): Promise<number | string> {
    const json = { target: { path }, size: content.length, options: { onExisting: 'overwrite' } };
    const { body } = await bed.call('POST', '/transfers', { json, headers: { 'idempotency-key': key } });
    if (body.id === undefined) return `POST ${body.type} ${body.detail}`;
    const sent = await put(body.id, content, 0);
    const { status, body: told } = await bed.call('POST', `/transfers/${body.id}/finish`);
    return status === 200
      ? status
      : `${body.state} PUT ${sent.status} ${sent.body.type} finish ${told.type} ${told.detail}`;
  }

  async function inCos(path: string): Promise<Buffer | undefined> {
    const file = await bed.cos.file('relay', path);
    return file && readFile(file.dataPath);
  }
});

async function allOf<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const todo = all.values();
  const done: R[] = [];
  const worker = async () => {
    for (const one of todo) done.push(await work(one));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

const more = (random: () => number): Act[] =>
  Array.from(
    { length: 4 },
    () => (['cancel', 'finish', 'put', 'post'] as const)[Math.floor(random() * 4)] ?? 'put',
  );

/** The same numbers from 0 to 1 for the same seed. */
function randomOf(seed: number): () => number {
  let count = 0;
  return () => {
    count += 1;
    return Number.parseInt(hash('sha256', `${seed} ${count}`).slice(0, 8), 16) / 2 ** 32;
  };
}

const shuffled = <T>(all: readonly T[], random: () => number): T[] =>
  all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
