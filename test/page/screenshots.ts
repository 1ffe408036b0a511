import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { refuse, stall } from '../../local/cos/faults.ts';
import { countsOf, openAt, openBrowser, pageBed } from '../kit/page-bed.ts';
import { bytesOf, slicesOf } from '../kit/relay-bed.ts';

/** Takes the pictures of docs/ anew (`npm run screenshots`): a relay at work, as its page shows it. Look at each before it is committed. */
const FOLDER = join(import.meta.dirname, '../../docs/screenshots');
const KIB = 1_024;

const bed = await pageBed({
  env: {
    MAX_CONCURRENCY: '2',
    MAX_IN_FLIGHT: '3',
    WINDOW_BYTES: String(32_768 * KIB),
    SLICE_SIZE: String(512 * KIB),
  },
});
const browser = await openBrowser();
try {
  const drop = async (key: string, content: Uint8Array): Promise<void> => {
    const placed = await bed.put(key, content);
    bed.stack.announce(placed).catch(() => undefined); // how it ended is what is shown
  };
  const ended = async (key: string, content: Uint8Array): Promise<void> => {
    await drop(key, content);
    await sleep(300);
    await bed.stack.machine.idle();
  };
  for (const name of ['报告-2026.pdf', 'films/intro.mp4', 'films/trailer.mp4'])
    await ended(name, bytesOf(name, 7_000 * KIB));
  bed.cos.inject(refuse(9, 403, -48, { op: 'upload_slice_init' }));
  await ended('backup/refused.tar', bytesOf('refused', 2_000 * KIB));
  bed.cos.clearFaults();
  bed.cos.inject(stall(100_000, 250, { op: 'upload_slice_data' }));
  await drop('films/films-2026.mp4', slicesOf(200));

  const { page } = await openAt(browser, bed.address, { width: 1_200 });
  await page.locator('.row.sending').waitFor();
  const link = page.getByRole('link', { name: 'films/films-2026.mp4' });
  await link.click();
  while ((await countsOf(page)).sent < 70) await sleep(100);
  await page.setViewportSize({ width: 1_200, height: 760 });
  await page.screenshot({ path: join(FOLDER, 'transfer.png') });
  await drop('music/album.flac', slicesOf(60));
  await page.getByRole('link', { name: /All transfers/ }).click();
  await page.locator('.row.sending', { hasText: 'album' }).waitFor();
  await sleep(3_000); // rates are known after a while
  await page.screenshot({ path: join(FOLDER, 'list.png'), clip: { x: 0, y: 0, width: 1_200, height: 660 } });
  bed.cos.clearFaults();
  await bed.stack.machine.idle();
  const chinese = await openAt(browser, bed.address, { width: 1_200, language: 'zh-CN', dark: true });
  await chinese.page.getByRole('link', { name: 'films/films-2026.mp4' }).click();
  await chinese.page.locator('.badge.stored').waitFor();
  await sleep(1_000);
  await chinese.page.screenshot({ path: join(FOLDER, 'transfer-zh-dark.png'), fullPage: true });
} finally {
  await browser.close();
  await bed.close();
}
