import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import { NONCE_MAX, signMultiEffect } from '../../shared/cos/signature.ts';
import { requestPath } from '../../shared/cos/target.ts';
import { toSeconds } from '../../shared/time.ts';
import { answer } from '../child.ts';
import { openCos } from '../cos-of.ts';
import { type Load, type Place, targetOf } from '../place.ts';
import { type Usage, usageOf } from '../usage.ts';

/**
 * Yardstick (a), the limit: the bytes lie in memory, framing and signature are made once, and undici only POSTs them
 * and takes their MD5. No S3, no table, no machine, no retry.
 */
export type RawContender = typeof tasks;

export type RawOptions = {
  readonly place: Place;
  readonly file: string;
  readonly sliceSize: number;
  readonly inFlight: number;
  /** Takes no MD5: what the endpoint answers is what it can take at all. */
  readonly unchecked?: boolean;
};

let given: RawOptions;
let bytes: Buffer;
let pool: Pool;

const tasks = {
  async open(options: RawOptions): Promise<void> {
    given = options;
    bytes = await readFile(options.file);
    pool = new Pool(options.place.cos, { connections: options.inFlight });
  },
  async run(load: Load): Promise<Usage> {
    const target = targetOf(load);
    const { sliceSize, inFlight, place } = given;
    const cos = openCos(place.cos);
    const signal = AbortSignal.timeout(600_000);
    const opened = await cos.open(target, { size: load.size, sliceSize, insertOnly: true }, signal);
    if (opened.kind !== 'session') throw new Error(`COS answered ${opened.kind}`);

    const usage = await usageOf(async () => {
      let next = 0;
      const sender = async () => {
        for (let offset = next; offset < load.size; offset = next) {
          next += sliceSize;
          await post(
            load,
            opened.session,
            offset,
            bytes.subarray(offset, Math.min(offset + sliceSize, load.size)),
          );
        }
      };
      await Promise.all(Array.from({ length: inFlight }, sender));
    });
    const finished = await cos.finish(target, { session: opened.session, size: load.size }, signal);
    if (finished.kind !== 'stored') throw new Error(`COS answered ${finished.kind}`);
    await cos.close();
    return usage;
  },
};

const BOUNDARY = 'raw-posts-raw-posts-raw-posts';
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
const part = (name: string, value: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

async function post(load: Load, session: string, offset: number, content: Buffer): Promise<void> {
  const fields = { op: 'upload_slice_data', session, offset: String(offset), filecontent: '' };
  const head = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => part(name, value))
      .join('\r\n'),
  );
  const target = targetOf(load);
  const credentials = { secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY };
  const moment = { now: toSeconds(Date.now()), nonce: Math.floor(Math.random() * NONCE_MAX) };
  const answering = pool.request({
    method: 'POST',
    path: requestPath(target),
    headers: {
      authorization: signMultiEffect(credentials, target, moment),
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      'content-length': String(head.length + content.length + TAIL.length),
    },
    // undici sends any iterable of chunks; its types know only streams
    body: [head, content, TAIL] as unknown as Buffer,
  });
  const md5 = given.unchecked ? undefined : hash('md5', content);
  const { body } = await answering;
  const { data } = (await body.json()) as { data?: { datamd5?: string } }; // our own endpoint
  if (data?.datamd5 === undefined || (md5 !== undefined && data.datamd5 !== md5))
    throw new Error(`COS received other bytes at ${offset}`);
}

answer(tasks);
