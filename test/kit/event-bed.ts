import { readFile } from 'node:fs/promises';
import { putFile } from '../../local/s3/drop/drop.ts';
import type { ObjectProperties } from '../../local/s3/folder/properties.ts';
import { LOCAL_COS, SOURCE_BUCKET, type StackOptions, startStack } from '../../local/stack/stack.ts';
import type { LogFields } from '../../shared/observe/observe.ts';
import { transferId } from '../../shared/records/transfer.ts';
import { tempDir } from './temp-dir.ts';

export type EventBed = Awaited<ReturnType<typeof openEventBed>>;
export type LogLine = { readonly level: 'info' | 'warn'; readonly text: string } & LogFields;

/** The whole stack with a fresh folder, and short words for what tests of events do with it. */
export async function openEventBed(options: Partial<StackOptions> = {}) {
  const dir = await tempDir('events');
  const log: LogLine[] = [];
  const line = (level: LogLine['level']) => (text: string, fields?: LogFields) =>
    void log.push({ level, text, ...fields });
  const stack = await startStack({
    dataDir: dir.path,
    volatileTable: true,
    ...options,
    env: { SLICE_SIZE: '524288', SMALL_OBJECT_MAX: '300000', RETRY_BASE_MS: '1', ...options.env },
    machine: { pauseMs: 2, ...options.machine },
    wiring: { log: { info: line('info'), warn: line('warn') }, ...options.wiring },
  });
  const { store } = stack.services;
  return {
    ...stack,
    log: log as readonly LogLine[],
    put: (key: string, content: string | Uint8Array, properties?: Omit<ObjectProperties, 'etag'>) =>
      putFile(stack.root, { bucket: SOURCE_BUCKET, key, properties }, content),
    /** The bytes of a file in COS; undefined if there is none. */
    async stored(path: string): Promise<Buffer | undefined> {
      const file = await stack.cos?.file(LOCAL_COS.COS_BUCKET, path);
      return file && readFile(file.dataPath);
    },
    /** The transfer of an object to the path of the same name, or another. */
    transferOf: (
      object: { bucket: string; key: string; etag: string; size: number; sequencer: string },
      path?: string,
    ) => store.get(transferId({ kind: 's3', lastModified: 0, ...object }, targetOf(path ?? object.key))),
    /** What COS was asked, in order. */
    ops: (path?: string): string[] =>
      (stack.cos?.log ?? []).filter((one) => path === undefined || one.path === path).map(({ op }) => op),
    /** Ends the process; a folder that was given stays. */
    async stop() {
      await stack.close();
      await dir.remove();
    },
    async close() {
      await stack.close();
      await dir.remove();
    },
  };
}

export const targetOf = (path: string) => ({
  region: LOCAL_COS.COS_REGION,
  appId: LOCAL_COS.COS_APP_ID,
  bucket: LOCAL_COS.COS_BUCKET,
  path,
});
