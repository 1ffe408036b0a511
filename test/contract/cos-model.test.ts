import { hash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import type { CosClient } from '../../shared/cos/client.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { openTransport } from '../../shared/cos/transport.ts';
import { asError, CosRefused } from '../../shared/errors.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { bytesOf, SLICE, targetOf } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';
import { openContents } from '../sim/models/contents.ts';
import { openCosModel } from '../sim/models/cos-model.ts';
import { type CosBehaviour, emptyCos, PLAIN } from '../sim/models/cos-state.ts';
import { type Stream, streamOf } from '../sim/random.ts';

const SEQUENCES = 6;
const STEPS = 40;
const never = new AbortController().signal;
const GOOD = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };

/** Slices are one whole and a short one, so that sequences get to their end. */
const SIZES = [900, SLICE + 100];
const CONTENTS = ['first', 'other'].map((name) => bytesOf(name, SLICE + 100));

const MET = [
  ...['session', 'unfinished', 'exists', 'no-directory', 'slice-size-refused', 'refused', 'stored'],
  ...['finished', 'none', 'file', 'removed', 'updated'],
];

/** The sessions that one side opened, in order: their names are its own. */
type Side = { readonly client: CosClient; readonly sessions: string[] };
type Ask = (side: Side) => Promise<unknown>;

/** An operation on one of two paths, with one of few sizes and sessions, so that it is granted and refused alike. */
function drawAsk(draw: Stream, folder: string): Ask {
  const target = targetOf(`${folder}/${draw.one(['a', 'a', 'b'])}`);
  const size = draw.one(SIZES);
  const content = draw.one(CONTENTS);
  const insertOnly = draw.chance(0.6);
  const which = draw.one([1, 1, 1, 2, 3]);
  const offset = draw.one([0, 0, SLICE, SLICE, 100]);
  const length = draw.chance(0.9) ? Math.min(SLICE, size - offset) : 7;
  const [sliceSize, headers] = [
    draw.chance(0.9) ? SLICE : 1_000,
    { 'Content-Type': draw.one(['a/b', 'c/d']) },
  ];
  const open: Ask = async ({ client, sessions }) => {
    const opened = await client.open(target, { size, sliceSize, insertOnly }, never);
    if (opened.kind === 'session') sessions.push(opened.session);
    return opened;
  };
  const put: Ask = ({ client, sessions }) => {
    const part = content.subarray(offset, offset + Math.max(1, length));
    return client.put(target, { session: sessions.at(-which) ?? 'none', offset, content: part }, never);
  };
  const finish: Ask = ({ client, sessions }) =>
    client.finish(target, { session: sessions.at(-which) ?? 'none', size }, never);
  const small = content.subarray(0, 900);
  return draw.one<Ask>([
    open,
    open,
    put,
    put,
    put,
    put,
    finish,
    finish,
    ({ client }) => client.list(target, never),
    ({ client }) => client.list(target, never),
    ({ client }) => client.stat(target, never),
    ({ client }) => client.upload(target, { content: small, insertOnly, sha1: hash('sha1', small) }, never),
    ({ client }) => client.remove(target, never),
    ({ client }) => client.update(target, headers, never),
    ({ client }) => client.createDirectory(targetOf(`${folder}/`), never),
  ]);
}

/** What a caller goes by: sessions by their number, no times, links or request ids. */
async function told(ask: Ask, side: Side): Promise<unknown> {
  const answer = await ask(side).catch(asError);
  const plain = JSON.stringify(answer, (name, value: unknown) => {
    if (['links', 'requestId', 'createdAt', 'modifiedAt', 'sha1'].includes(name)) return undefined;
    if (name === 'session') return side.sessions.indexOf(String(value));
    if (value instanceof CosRefused) return { refused: value.cosCode };
    return value;
  });
  if (answer instanceof Error)
    return answer instanceof CosRefused ? { refused: answer.cosCode } : answer.name;
  return plain === undefined ? undefined : JSON.parse(plain);
}

test.each<[string, Partial<CosBehaviour>]>([
  ['plain', {}],
  ['that closes files by itself', { closesItself: true }],
  [
    'that wants slices in order, and says -4018 of a session that is gone',
    { serial: true, unknownSessionCode: -4018 },
  ],
])(
  `a COS %s: random sequences of operations are answered alike by the simulation’s and over HTTP`,
  async (_, own) => {
    const dir = await tempDir('cos-model');
    const behaviour = { ...PLAIN, ...own };
    const cos = await startLocalCos(dir.path, {
      refuseSame: true,
      serialUpload: behaviour.serial,
      closesItself: behaviour.closesItself,
      unknownSessionCode: behaviour.unknownSessionCode,
    });
    const transport = openTransport({ origin: cos.origin, connections: 2, requestTimeoutMs: 60_000 });
    onTestFinished(async () => {
      await transport.close();
      await cos.close();
      await dir.remove();
    });
    const keys = { get: async () => GOOD, refresh: async () => false };
    const http = openHttpClient({ transport, keys, clock: Date.now, random: Math.random });

    const kinds = new Set<unknown>();
    for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
      const model = openCosModel(
        emptyCos(behaviour, () => 0),
        openContents(),
      );
      const [real, modelled]: Side[] = [http, model].map((client) => ({ client, sessions: [] }));
      if (!real || !modelled) throw new RangeError('two sides');
      const draw = streamOf('cos', sequence);
      for (let step = 0; step < STEPS; step += 1) {
        const ask = drawAsk(draw, `sequence-${sequence}`);
        const [answer, same] = [await told(ask, real), await told(ask, modelled)];
        expect(same, `sequence ${sequence}, step ${step}: ${ask}`).toEqual(answer);
        kinds.add(Object(answer).kind);
      }
    }
    expect([...kinds]).toEqual(expect.arrayContaining(MET)); // else the sequences prove less than they say
  },
);
