import { hash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { openS3Source } from '../../shared/s3/s3-source.ts';
import { slicesOf, type Window } from '../../shared/slices/windows.ts';
import { openBuffers } from '../../shared/worker/buffers.ts';
import { readSlices } from '../../shared/worker/read-slices.ts';
import { answer } from '../child.ts';
import { BUCKET, type Load, type Place } from '../place.ts';
import { type Usage, usageOf } from '../usage.ts';

/** The floor of a worker: the same ranges read by the same code, the MD5 of each slice taken, and nothing sent. */
export type FloorContender = typeof tasks;

type FloorWork = {
  readonly load: Load;
  readonly windows: readonly Window[];
  readonly sliceSize: number;
  readonly readBytes: number;
  readonly readers: number;
};

/** As many slices as a worker may have read and not sent. */
const BUFFERS = 16;

let source: ReturnType<typeof openS3Source>;

const tasks = {
  async open(place: Place): Promise<void> {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const s3 = new S3Client({ endpoint: place.s3, region: 'us-east-1', forcePathStyle: true, credentials });
    const policy = { attempts: 2, baseMs: 50, capMs: 50, budgetMs: 1_000 };
    source = openS3Source({ s3, policy, idleTimeoutMs: 20_000, random: Math.random });
  },
  async run({ load, windows, sliceSize, readBytes, readers }: FloorWork): Promise<Usage> {
    const signal = AbortSignal.timeout(600_000);
    const { object } = await source.pin({ bucket: BUCKET, key: load.key }, signal);
    const buffers = openBuffers(() => BUFFERS, sliceSize);
    return usageOf(async () => {
      for (const window of windows) {
        const slices = slicesOf(window, load.size, sliceSize);
        await readSlices(
          slices,
          { object, source, buffers, readBytes, readers },
          signal,
          async (_, content) => {
            hash('md5', content);
            buffers.give(content);
          },
        );
      }
    });
  },
};

answer(tasks);
