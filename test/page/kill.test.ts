import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { LOCAL_COS, SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { type RunningCommand, startCommand } from '../kit/command.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { closePages, countsOf, noBrowser, openAt, openBrowser, PATIENCE } from '../kit/page-bed.ts';
import { SLICE, seen, sendings, slicesOf } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';

const SLICES = 60;
const IN_FLIGHT = 4;
const TOKEN = 'a-token-for-tests';
const reason = noBrowser();
if (reason) console.warn(`a killed relay is not watched on the page: ${reason}`);

describe.skipIf(reason)('a page that stays open while its relay is killed', PATIENCE, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => closePages(browser));

  test('says that it is gone, and shows the same transfer go on where it was', async () => {
    const dir = await tempDir('page-kill');
    const cos = await startLocalCos(join(dir.path, 'cos'), {
      faults: [stall(10_000, 500, { op: 'upload_slice_data' })], // until it is killed
    });
    const content = slicesOf(SLICES);
    const path = join(dir.path, 'data/s3', SOURCE_BUCKET, 'films/big.mp4');
    const started: RunningCommand[] = [];
    const start = async (port: string): Promise<RunningCommand> => {
      const args = ['--data', join(dir.path, 'data'), '--port', port, '--token', TOKEN];
      const relay = startCommand('local/dev/main.ts', args, {
        env: {
          ...LOCAL_COS,
          COS_ENDPOINT: cos.origin,
          SLICE_SIZE: String(SLICE),
          MAX_CONCURRENCY: '2',
          MAX_IN_FLIGHT: String(IN_FLIGHT / 2),
          WINDOW_BYTES: String(15 * SLICE),
          PROGRESS_MS: '50',
        },
      });
      started.push(relay);
      await relay.until('drop here');
      return relay;
    };
    onTestFinished(async () => {
      for (const relay of started) relay.process.kill('SIGKILL');
      await Promise.all(started.map(({ ended }) => ended));
      await cos.close();
      await dir.remove();
    });
    const first = await start('0');
    const address = /open +(\S+)/.exec(first.said())?.[1] ?? '';
    const { page, complaints } = await openAt(browser, address);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await page.getByRole('link', { name: 'films/big.mp4' }).click();
    await expect.poll(async () => (await countsOf(page)).sent, PATIENCE).toBeGreaterThan(10);

    first.process.kill('SIGKILL');
    await once(first.process, 'close');
    const before = sendings(cos).size;
    cos.clearFaults();
    cos.inject(stall(10_000, 20, { op: 'upload_slice_data' }));
    await page.getByText('No answer; trying again').waitFor();
    await start(new URL(address).port);
    await page.locator('.badge.stored').waitFor();

    await expect.poll(async () => (await countsOf(page)).missing, PATIENCE).toBe(0);
    const counts = await countsOf(page);
    expect(counts.sent + counts.before).toBe(SLICES);
    expect(before).toBeLessThan(SLICES);
    expect(counts.before).toBeGreaterThanOrEqual(before - IN_FLIGHT);
    expect(seen(cos, 'upload_slice_data').length).toBeLessThanOrEqual(SLICES + IN_FLIGHT);
    expect(complaints).toEqual([]);
  });
});
