import { loadConfig } from '../../shared/config.ts';
import { deployed, HANDOUT } from '../deployed.ts';
import type { Relay } from './bill.ts';

/** What is deployed: memory from serverless.yml, the rest as the functions would read it from an environment. */
export function relayOf(
  env: Readonly<Record<string, string>>,
  size: number,
  rate: number,
  objects = 1,
): Relay {
  const nobody = { COS_REGION: 'gz', COS_APP_ID: '1', COS_BUCKET: 'b', COS_SECRET_NAME: 's' };
  const config = loadConfig({ ...nobody, ...env });
  const { provider, functions } = deployed;
  const memoryOf = (name: string) => functions[name]?.memorySize ?? provider.memorySize;
  return {
    objects,
    size,
    batch: HANDOUT.batch,
    batchesAtOnce: HANDOUT.calls,
    rate,
    sliceSize: config.SLICE_SIZE,
    windowBytes: config.WINDOW_BYTES,
    maxWindows: config.MAX_WINDOWS,
    workers: config.MAX_CONCURRENCY,
    readBytes: config.READ_BYTES,
    smallObjectMax: config.SMALL_OBJECT_MAX,
    maxObjectBytes: config.MAX_OBJECT_BYTES,
    watchMs: config.WATCH_MS,
    progressMs: config.PROGRESS_MS,
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
