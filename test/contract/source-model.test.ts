import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { objectPath } from '../../local/s3/folder/object-path.ts';
import { asError, SourceMissing } from '../../shared/errors.ts';
import type { ObjectRef, ObjectSource, PinnedObject } from '../../shared/s3/object-source.ts';
import { openS3Source } from '../../shared/s3/s3-source.ts';
import { bytesOf } from '../kit/relay-bed.ts';
import { BUCKET, s3Bed } from '../kit/s3-bed.ts';
import { startVersionedS3 } from '../kit/versioned-s3.ts';
import { openBucket } from '../sim/models/bucket.ts';
import { openSourceModel } from '../sim/models/source-model.ts';
import { type Stream, streamOf } from '../sim/random.ts';

const SEQUENCES = 6;
const STEPS = 40;
const never = new AbortController().signal;
const SIZES = [70_000, 70_000, 10];

const MET = ['pinned', 'read', 'fetched', 'SourceChanged', 'SourceMissing'];

/** A bucket that people change, and the source that reads it. What was pinned is known by its number: its names are the side's own. */
type Side = {
  readonly source: ObjectSource;
  put(key: string, content: Uint8Array): Promise<unknown>;
  remove(key: string): Promise<unknown>;
  /** The newest version goes for good. */
  destroy(key: string): Promise<unknown>;
  readonly pinned: PinnedObject[];
};
type Ask = (side: Side) => Promise<unknown>;

const NOTHING: PinnedObject = { bucket: BUCKET, key: 'a', etag: 'none', size: 3, lastModified: 0 };

/** A change, or a question about what was pinned before, that is granted and refused alike. */
function drawAsk(draw: Stream, step: number, versioned: boolean): Ask {
  const key = draw.one(['a', 'a', 'b']);
  const content = bytesOf(`step ${step}`, draw.one(SIZES)); // a folder tells versions apart by the file, not by its bytes
  const which = draw.one([1, 1, 2, 3]);
  const [from, part] = [draw(), draw()];
  const known = ({ pinned }: Side): PinnedObject => pinned.at(-which) ?? NOTHING;
  const sizeOff = draw.chance(0.2) ? 1 : 0;

  const pin = async (side: Side, ref: ObjectRef) => {
    const { object, archived } = await side.source.pin(ref, never);
    side.pinned.push(object);
    return { kind: 'pinned', archived, ...factsOf(object, side) };
  };
  const read: Ask = async ({ source, ...side }) => {
    const object = known({ source, ...side });
    const offset = Math.floor(from * object.size);
    const length = 1 + Math.floor(part * (object.size - offset - 1));
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.read(object, { offset, length }, never)) chunks.push(Buffer.from(chunk));
    return { kind: 'read', length, md5: hash('md5', Buffer.concat(chunks)) };
  };
  const fetch: Ask = async (side) => {
    const told = known(side);
    const fetched = await side.source.fetch({ ...told, size: told.size + sizeOff }, never);
    return { kind: 'fetched', md5: hash('md5', fetched.content), ...factsOf(fetched.object, side) };
  };
  return draw.one<Ask>([
    (side) => side.put(key, content),
    (side) => side.put(key, content),
    (side) => side.remove(key),
    ...(versioned ? [(side: Side) => side.destroy(key)] : []),
    (side) => pin(side, { bucket: BUCKET, key }),
    (side) => pin(side, { bucket: BUCKET, key }),
    (side) => pin(side, { bucket: BUCKET, key, etag: known(side).etag }),
    (side) => pin(side, known(side)),
    read,
    read,
    fetch,
  ]);
}

/** Which of all that was pinned it is, by ETag and by version. */
const factsOf = ({ key, size, etag, versionId }: PinnedObject, { pinned }: Side) => ({
  key,
  size,
  etag: pinned.findIndex((one) => one.etag === etag),
  version: versionId === undefined ? 'none' : pinned.findIndex((one) => one.versionId === versionId),
});

/** What a caller goes by. */
async function told(ask: Ask, side: Side): Promise<unknown> {
  const answer = await ask(side).catch(asError);
  if (!(answer instanceof Error)) return Object(answer).kind === undefined ? undefined : answer;
  return { kind: answer.name, ...(answer instanceof SourceMissing && { absent: answer.absent }) };
}

function modelSide(versioned: boolean): Side {
  const bucket = openBucket(BUCKET, versioned, () => 0);
  return {
    source: openSourceModel(bucket),
    put: async (key, content) => bucket.put(key, content),
    remove: async (key) => bucket.find(key) && bucket.remove(key),
    destroy: async (key) => bucket.destroyNewest(key),
    pinned: [],
  };
}

function readerOf(s3: S3Client): ObjectSource {
  const policy = { attempts: 2, baseMs: 1, capMs: 2, budgetMs: 100 };
  const source = openS3Source({ s3, policy, idleTimeoutMs: 30_000, random: Math.random });
  onTestFinished(() => source.close());
  return source;
}

/** The endpoint of `local/s3` over a folder, which keeps no versions. */
async function folderSide(): Promise<Side> {
  const { client, put, root } = await s3Bed();
  return {
    source: readerOf(client),
    put,
    remove: (key) => rm(objectPath(root, BUCKET, key), { force: true }),
    destroy: async () => undefined,
    pinned: [],
  };
}

/** One that does, over HTTP as well. */
async function versionedSide(): Promise<Side> {
  const s3 = await startVersionedS3(BUCKET);
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new S3Client({
    endpoint: s3.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
  });
  onTestFinished(async () => {
    client.destroy();
    await s3.close();
  });
  return {
    source: readerOf(client),
    put: async (key, content) => s3.put(key, content, { versioned: true }),
    remove: async (key) => s3.current(key) && s3.remove(key, { versioned: true }),
    destroy: async (key) => s3.destroy(key, 0),
    pinned: [],
  };
}

test.each([
  ['without versions', folderSide, false],
  ['with versions', versionedSide, true],
])(
  'an S3 %s: random sequences of changes and reads are answered alike by the simulation’s and over HTTP',
  async (_, open, versioned) => {
    const kinds = new Set<unknown>();
    for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
      const [real, modelled] = [await open(), modelSide(versioned)];
      const draw = streamOf('s3', sequence);
      for (let step = 0; step < STEPS; step += 1) {
        const ask = drawAsk(draw, step, versioned);
        const [answer, same] = [await told(ask, real), await told(ask, modelled)];
        expect(same, `sequence ${sequence}, step ${step}: ${ask}`).toEqual(answer);
        kinds.add(Object(answer).kind);
      }
    }
    expect([...kinds]).toEqual(expect.arrayContaining(MET)); // else the sequences prove less than they say
  },
);
