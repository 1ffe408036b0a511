import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { loadConfig } from '../../shared/config.ts';
import type { Relay } from './bill.ts';

const DEPLOYED = join(import.meta.dirname, '../../serverless.yml');
const sized = z.object({ memorySize: z.number().optional(), timeout: z.number().optional() });
const queued = z.object({ sqs: z.object({ batchSize: z.number(), maximumConcurrency: z.number() }) });
const deployed = z.object({
  provider: z.object({ memorySize: z.number() }),
  functions: z
    .object({ 'object-created': z.object({ events: z.tuple([queued]) }) })
    .and(z.record(z.string(), sized)),
});

/** What is deployed: memory from serverless.yml, the rest as the functions would read it from an environment. */
export function relayOf(
  env: Readonly<Record<string, string>>,
  size: number,
  rate: number,
  objects = 1,
): Relay {
  const nobody = { COS_REGION: 'gz', COS_APP_ID: '1', COS_BUCKET: 'b', COS_SECRET_NAME: 's' };
  const config = loadConfig({ ...nobody, ...env });
  const { provider, functions } = deployed.parse(parse(readFileSync(DEPLOYED, 'utf8')));
  const memoryOf = (name: string) => functions[name]?.memorySize ?? provider.memorySize;
  const { sqs } = functions['object-created'].events[0];
  return {
    objects,
    size,
    batch: sqs.batchSize,
    batchesAtOnce: sqs.maximumConcurrency,
    rate,
    sliceSize: config.SLICE_SIZE,
    windowBytes: config.WINDOW_BYTES,
    maxWindows: config.MAX_WINDOWS,
    workers: config.MAX_CONCURRENCY,
    readBytes: config.READ_BYTES,
    smallObjectMax: config.SMALL_OBJECT_MAX,
    watchMs: config.WATCH_MS,
    memory: {
      'object-created': memoryOf('object-created'),
      'open-upload': memoryOf('open-upload'),
      'list-slices': memoryOf('list-slices'),
      'upload-slices': memoryOf('upload-slices'),
      'finish-upload': memoryOf('finish-upload'),
    },
    timeoutS: functions['upload-slices']?.timeout ?? 900,
  };
}
