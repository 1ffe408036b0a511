import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { CosEndpoint } from '../../local/cos/endpoint.ts';
import { seededRandom } from '../../local/s3/faults.ts';
import { LOCAL_COS } from '../../local/stack/stack.ts';
import { COMPILED } from '../kit/command.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { seen } from '../kit/relay-bed.ts';
import { sized } from '../kit/sized.ts';
import { tempDir } from '../kit/temp-dir.ts';

const MIB = 1_048_576;
const SIZE = sized(48, 300) * MIB;
const KILLS = sized(3, 20);
/** Requests before each kill, at most: all of them leave some of the file to the last run. */
const MOST = sized(12, 30);
const IN_FLIGHT = 8;
const ROOT = join(import.meta.dirname, '../..');

test(`npm start killed (SIGKILL) at ${KILLS} random moments of ${SIZE / MIB} MiB sends again at most what was in flight`, {
  timeout: 300_000,
}, async () => {
  const dir = await tempDir('relay-kill');
  const cos = await startLocalCos(join(dir.path, 'cos'));
  onTestFinished(async () => {
    await cos.close();
    await dir.remove();
  });
  const file = join(dir.path, 'big.bin');
  const expected = await writeRandom(file, SIZE);
  const start = () => startRelay(file, join(dir.path, 'state'), cos.origin);
  const random = seededRandom(KILLS);

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const relay = start();
    const requests = 1 + Math.floor(random() * MOST);
    await grownBy(cos, requests, relay);
    relay.kill('SIGKILL');
    await once(relay, 'close');
  }
  const last = start();
  const [code] = await once(last, 'close');

  expect(code).toBe(0);
  const stored = await cos.file(LOCAL_COS.COS_BUCKET, 'big.bin');
  expect(await sha1Of(stored?.dataPath ?? '')).toBe(expected);
  const sent = seen(cos, 'upload_slice_data').reduce((sum, { bytes }) => sum + bytes, 0);
  expect(sent - SIZE).toBeLessThanOrEqual(KILLS * IN_FLIGHT * MIB);
});

function startRelay(file: string, data: string, origin: string): ChildProcess {
  return spawn(process.execPath, ['local/start/main.ts', file, '--data', data], {
    cwd: ROOT,
    stdio: 'ignore',
    env: {
      ...process.env,
      ...COMPILED,
      ...LOCAL_COS,
      COS_ENDPOINT: origin,
      MAX_IN_FLIGHT: String(IN_FLIGHT),
      WINDOW_BYTES: String(32 * MIB),
    },
  });
}

/** Waits until COS has seen so many more requests, or the process is gone. */
async function grownBy({ log }: CosEndpoint, requests: number, relay: ChildProcess): Promise<void> {
  const until = log.length + requests;
  while (log.length < until && relay.exitCode === null) await sleep(2);
}

async function writeRandom(path: string, size: number): Promise<string> {
  const hash = createHash('sha1');
  const file = await open(path, 'w');
  for (let at = 0; at < size; at += MIB) {
    const block = randomBytes(MIB);
    hash.update(block);
    await file.write(block);
  }
  await file.close();
  return hash.digest('hex');
}

async function sha1Of(path: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
