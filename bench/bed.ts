import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CosEndpointOptions } from '../local/cos/endpoint.ts';
import { LOCAL_COS } from '../local/stack/stack.ts';
import { type Child, openChild } from './child.ts';
import { openCos } from './cos-of.ts';
import type { Endpoints } from './endpoints.ts';
import { BUCKET, type Load, type Place, TABLE, targetOf } from './place.ts';

/** The far sides, each in a process of its own, and a folder that is gone afterwards. */
export type Bed = {
  readonly place: Place;
  readonly dir: string;
  readonly cos: Child<Endpoints>;
  readonly s3: Child<Endpoints>;
  /** Shows the file in S3 under a name of its own, so that every run is a new object. */
  show(file: SourceFile, name?: string): Promise<Load>;
  /** The SHA-1 of what COS holds must be that of the file; then it is removed from COS. */
  prove(load: Load, file: SourceFile): Promise<void>;
  /** CPU time of the far sides so far, in ms. */
  farCpuMs(): Promise<number>;
  close(): Promise<void>;
};

export type SourceFile = { readonly path: string; readonly size: number; readonly sha1: string };

const ENDPOINTS = new URL('./endpoints.ts', import.meta.url);
let shown = 0;

export async function openBed(cosOptions: Partial<CosEndpointOptions> = {}): Promise<Bed> {
  const dir = await scratchDir();
  const root = join(dir, 's3');
  await mkdir(join(root, BUCKET), { recursive: true });
  const children = [openChild<Endpoints>(ENDPOINTS), openChild<Endpoints>(ENDPOINTS)] as const;
  const [cos, s3] = children;
  const place = {
    cos: await cos.call('cos', { ...cosOptions, dataDir: join(dir, 'cos') }),
    s3: await s3.call('s3', { root }),
    dynamodb: await s3.call('dynamodb', { table: TABLE }),
  };
  const client = openCos(place.cos);
  return {
    place,
    dir,
    cos,
    s3,
    async show({ path, size }, name) {
      shown += 1;
      const key = name ?? `run-${shown}.bin`;
      await s3.call('map', { bucket: BUCKET, key, path });
      return { key, size };
    },
    async prove(load, file) {
      const held = await cos.call('file', { bucket: LOCAL_COS.COS_BUCKET, path: load.key });
      if (held?.size !== file.size) throw new Error(`COS does not hold ${load.key} whole`);
      const sha1 = await sha1Of(held.dataPath);
      if (sha1 !== file.sha1) throw new Error(`COS holds other bytes of ${load.key}: SHA-1 ${sha1}`);
      await client.remove(targetOf(load), AbortSignal.timeout(60_000));
    },
    async farCpuMs() {
      const each = await Promise.all(children.map((child) => child.call('cpuMs', undefined as never)));
      return each.reduce((sum, one) => sum + one, 0);
    },
    async close() {
      await client.close();
      await Promise.all(children.map((child) => child.close()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Bytes without a pattern. */
export async function makeFile(dir: string, size: number): Promise<SourceFile> {
  const path = join(dir, `source-${size}.bin`);
  const sha1 = createHash('sha1');
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(1_048_576);
  const file = await open(path, 'w');
  try {
    for (let left = size; left > 0; left -= zeros.length) {
      const block = noise.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
      sha1.update(block);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  return { path, size, sha1: sha1.digest('hex') };
}

/** A file of holes: any size, no disk. */
export async function makeSparseFile(dir: string, size: number): Promise<SourceFile> {
  const path = join(dir, `sparse-${size}.bin`);
  const file = await open(path, 'w');
  await file.truncate(size);
  await file.close();
  return { path, size, sha1: await sha1Of(path) };
}

export async function sha1Of(path: string): Promise<string> {
  const sha1 = createHash('sha1');
  await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), sha1);
  return sha1.digest('hex');
}

/** In memory where there is much of it: a disk's own pace would hide ours. */
const MEMORY_DIR = '/dev/shm';
const MEMORY_WANTED = 6 * 2 ** 30;

export async function scratchDir(): Promise<string> {
  const free = await statfs(MEMORY_DIR).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return mkdtemp(join(free >= MEMORY_WANTED ? MEMORY_DIR : tmpdir(), 'relay-bench-'));
}
