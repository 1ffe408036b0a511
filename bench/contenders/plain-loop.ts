import { createHash } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import { NONCE_MAX, signMultiEffect } from '../../shared/cos/signature.ts';
import { requestPath } from '../../shared/cos/target.ts';
import { toSeconds } from '../../shared/time.ts';
import { answer } from '../child.ts';
import { openCos } from '../cos-of.ts';
import { BUCKET, type Load, type Place, targetOf } from '../place.ts';
import { type Usage, usageOf } from '../usage.ts';

/** Yardstick (b): the same work as most people would write it, with fetch and FormData, one slice after the other. */
export type LoopContender = typeof tasks;

export type LoopOptions = { readonly place: Place; readonly sliceSize: number };

/** COS takes so much in one request, in bytes. */
const SMALL_MAX = 20_000_000;

let given: LoopOptions;
let s3: S3Client;

const tasks = {
  async open(options: LoopOptions): Promise<void> {
    given = options;
    s3 = new S3Client({
      endpoint: options.place.s3,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
  },
  run: (load: Load): Promise<Usage> => usageOf(() => carry(load)),
  /** One object after the other. */
  runAll: (loads: readonly Load[]): Promise<Usage> =>
    usageOf(async () => {
      for (const load of loads) await carry(load);
    }),
};

async function carry(load: Load): Promise<void> {
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: BUCKET, Key: load.key }));
  if (load.size <= SMALL_MAX) {
    const content = await (await fetch(url)).arrayBuffer();
    const sha = createHash('sha1').update(new Uint8Array(content)).digest('hex');
    await post(load, { op: 'upload', insertOnly: '1', sha }, content);
    return;
  }
  const target = targetOf(load);
  const cos = openCos(given.place.cos);
  const signal = AbortSignal.timeout(600_000);
  const opened = await cos.open(
    target,
    { size: load.size, sliceSize: given.sliceSize, insertOnly: true },
    signal,
  );
  if (opened.kind !== 'session') throw new Error(`COS answered ${opened.kind}`);
  const { session } = opened;
  for (let offset = 0; offset < load.size; offset += given.sliceSize) {
    const last = Math.min(offset + given.sliceSize, load.size) - 1;
    const got = await fetch(url, { headers: { range: `bytes=${offset}-${last}` } });
    const content = await got.arrayBuffer();
    const md5 = createHash('md5').update(new Uint8Array(content)).digest('hex');
    const reply = await post(load, { op: 'upload_slice_data', session, offset: String(offset) }, content);
    if (reply.data?.datamd5 !== md5) throw new Error(`COS received other bytes at ${offset}`);
  }
  const finished = await cos.finish(target, { session, size: load.size }, signal);
  if (finished.kind !== 'stored') throw new Error(`COS answered ${finished.kind}`);
  await cos.close();
}

type Reply = {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly datamd5?: string };
};

async function post(load: Load, fields: Record<string, string>, content: ArrayBuffer): Promise<Reply> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('filecontent', new Blob([content]), 'filecontent');
  const target = targetOf(load);
  const credentials = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };
  const moment = { now: toSeconds(Date.now()), nonce: Math.floor(Math.random() * NONCE_MAX) };
  const authorization = signMultiEffect(credentials, target, moment);
  const answered = await fetch(given.place.cos + requestPath(target), {
    method: 'POST',
    headers: { authorization },
    body: form,
  });
  const reply = (await answered.json()) as Reply; // our own endpoint
  if (reply.code !== 0) throw new Error(`COS answered ${reply.code}: ${reply.message}`);
  return reply;
}

answer(tasks);
