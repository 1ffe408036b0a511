import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { devNull } from 'node:os';
import { promisify } from 'node:util';
import type { SourceFile } from '../bed.ts';
import { openChild } from '../child.ts';
import type { Endpoints } from '../endpoints.ts';
import { type Usage, usageOf } from '../usage.ts';

export type Rclone = { readonly copy: () => Promise<Usage>; close(): Promise<void> };

const BUCKET = 'copies';
const run = promisify(execFile);

/** Yardstick (c): rclone copies the file into an S3, as it comes. Undefined where it is not installed. */
export async function openRclone(file: SourceFile): Promise<Rclone | undefined> {
  const installed = await run('rclone', ['version']).catch(() => undefined);
  if (!installed) return undefined;
  const s3 = openChild<Endpoints>(new URL('../endpoints.ts', import.meta.url));
  const origin = await s3.call('writableS3', { bucket: BUCKET });
  const keys = 'access_key_id=local,secret_access_key=local';
  const place = `:s3,provider=Other,force_path_style=true,endpoint='${origin}',${keys}:${BUCKET}/copy.bin`;
  const plain = ['--config', devNull, '--quiet'];
  return {
    async copy() {
      const usage = await usageOf(() => run('rclone', ['copyto', file.path, place, ...plain]));
      if ((await sha1Through(['cat', place, ...plain])) !== file.sha1)
        throw new Error('rclone copied other bytes');
      await run('rclone', ['deletefile', place, ...plain]);
      return usage;
    },
    close: s3.close,
  };
}

async function sha1Through(args: readonly string[]): Promise<string> {
  const sha1 = createHash('sha1');
  const { stdout } = spawn('rclone', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of stdout) sha1.update(chunk);
  return sha1.digest('hex');
}
