import { execFile, spawn } from 'node:child_process';
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type SourceFile, sha1Of } from '../bed.ts';
import { type Usage, usageOf } from '../usage.ts';

export type Rclone = {
  readonly copy: () => Promise<Usage>;
  /** A folder of so many files of the same bytes, by as many at once as rclone takes by itself. */
  copyMany(count: number): Promise<Usage>;
  close(): void;
};

/** Nothing of this machine's own settings. */
const env = { PATH: process.env.PATH, HOME: process.env.HOME };
const plain = ['--config', devNull, '--quiet'];
const exec = promisify(execFile);
const run = (...args: string[]) => exec('rclone', [...args, ...plain], { env });

/**
 * Yardstick (c): rclone copies the file over HTTP into a second rclone, which writes it to a folder: WebDAV, since
 * the rclone of Debian 12 serves no S3. Undefined where rclone is not installed.
 */
export async function openRclone(dir: string, file: SourceFile): Promise<Rclone | undefined> {
  const installed = await run('version').catch(() => undefined);
  if (!installed) return undefined;
  const root = join(dir, 'rclone');
  await mkdir(root);
  const origin = `127.0.0.1:${await freePort()}`;
  const server = spawn('rclone', ['serve', 'webdav', root, '--addr', origin, ...plain], {
    env,
    stdio: 'ignore',
  });
  await answering(`http://${origin}`);
  let copies = 0;
  return {
    async copy() {
      copies += 1; // it keeps in mind what was there
      const copy = join(root, `copy-${copies}.bin`);
      const place = `:webdav,url='http://${origin}':copy-${copies}.bin`;
      const usage = await usageOf(() => run('copyto', file.path, place));
      if ((await sha1Of(copy)) !== file.sha1) throw new Error('rclone copied other bytes');
      await rm(copy);
      return usage;
    },
    async copyMany(count) {
      const [from, to] = [join(dir, `many-${count}`), `many-${count}`];
      await mkdir(from);
      for (let at = 0; at < count; at += 1) await link(file.path, join(from, `${at}.bin`));
      const usage = await usageOf(() => run('copy', from, `:webdav,url='http://${origin}':${to}`));
      const arrived = await readdir(join(root, to));
      if (arrived.length !== count) throw new Error(`rclone copied ${arrived.length} files of ${count}`);
      for (const name of arrived)
        if ((await sha1Of(join(root, to, name))) !== file.sha1) throw new Error('rclone copied other bytes');
      await Promise.all([from, join(root, to)].map((folder) => rm(folder, { recursive: true })));
      return usage;
    },
    close: () => void server.kill(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function answering(url: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(50);
    }
  }
}
